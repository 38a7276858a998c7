/** More than any object of the API can have: etcd takes 1.5 MB. */
const maxLine = 16 * 1024 * 1024;

/** The lines of a stream as JSON values. One that the stream breaks off in is left out. Throws where a line is no JSON, or too long. */
export async function* jsonLines(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8');
      parts = [];
      size = 0;
      from = end + 1;
      if (line.trim() !== '') yield JSON.parse(line);
    }
    if (from === chunk.length) continue;
    parts.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > maxLine) throw new Error(`an event has more than ${maxLine} bytes`);
  }
}
