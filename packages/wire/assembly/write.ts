// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript has whole numbers of 64 bits
/**
 * The hot loops of remote write, in AssemblyScript: they run in WebAssembly, for loads and stores of 8 and 16 bytes that
 * JavaScript does not have. They know good input only. Whatever else they meet they leave, with nothing taken, to the
 * decoders in TypeScript, which say what is wrong with it. All addresses are those of the module's memory.
 */

/** Inflates one Snappy block behind its preamble into exactly `length` bytes at `out`; false for anything that is wrong with
 * it. Up to 64 bytes behind either end may be read or overwritten. */
export function inflate(at: usize, end: usize, out: usize, length: u32): bool {
  const start = out;
  const stop = out + <usize>length;
  while (at < end) {
    const tag = <u32>load<u8>(at++);
    const kind = tag & 3;
    if (kind === 0) {
      let size: usize = (tag >>> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        if (at + extra > end) return false;
        // What stands above the bytes of the length is shifted out.
        size = <usize>(load<u32>(at) & (<u32>0xffffffff >>> (32 - 8 * <u32>extra)));
        if (size === 0xffffffff) return false;
        size++;
        at += extra;
      }
      if (size > end - at || size > stop - out) return false;
      if (size > 64) memory.copy(out, at, size);
      else for (let i: usize = 0; i < size; i += 16) v128.store(out + i, v128.load(at + i));
      at += size;
      out += size;
      continue;
    }
    let size: usize = (tag >>> 2) + 1;
    let offset: usize;
    if (kind === 2) {
      offset = load<u16>(at);
      at += 2;
    } else if (kind === 1) {
      size = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | <u32>load<u8>(at++);
    } else {
      offset = load<u32>(at);
      at += 4;
    }
    if (at > end || offset === 0 || offset > out - start || size > stop - out) return false;
    const from = out - offset;
    if (offset >= 16) {
      for (let i: usize = 0; i < size; i += 16) v128.store(out + i, v128.load(from + i));
    } else if (offset >= 8) {
      for (let i: usize = 0; i < size; i += 8) store<u64>(out + i, load<u64>(from + i));
    } else {
      for (let i: usize = 0; i < size; i++) store<u8>(out + i, load<u8>(from + i));
    }
    out += size;
  }
  return out === stop;
}

/**
 * A series that is known, at a multiple of 16:
 *
 *     u32 address of the series that came after it, 0 for none | u32 its number | u32 length | u32 zero | label bytes
 */
const FOLLOWER = 0;
const NUMBER = 4;
const LENGTH = 8;
const LABELS = 16;

/** Whether the bytes are the same: their labels are, in nearly every case, so there is no way out halfway. */
function equal(a: usize, b: usize, length: usize): bool {
  if (length < 16) {
    for (let i: usize = 0; i < length; i++) if (load<u8>(a + i) !== load<u8>(b + i)) return false;
    return true;
  }
  const last = length - 16;
  // The last 16 bytes may have been compared in part before.
  let different = v128.xor(v128.load(a + last), v128.load(b + last));
  for (let i: usize = 0; i < last; i += 16) {
    different = v128.or(different, v128.xor(v128.load(a + i), v128.load(b + i)));
  }
  return !v128.any_true(different);
}

/** Where the columns are, and how many samples and series they have. */
let indexAt: usize = 0;
let timesAt: usize = 0;
let valuesAt: usize = 0;
let numbersAt: usize = 0;
/** Room for samples, and for series. */
let room: u32 = 0;
let samples: u32 = 0;
let series: u32 = 0;
/** The series of the body before those of the columns. */
let seriesBefore: u32 = 0;
/** The series that was read last, 0 for none. */
let last: usize = 0;

/** Where the columns are, each with room for so many. */
export function setUp(index: usize, times: usize, values: usize, numbers: usize, most: u32): void {
  indexAt = index;
  timesAt = times;
  valuesAt = values;
  numbersAt = numbers;
  room = most;
}

/** A new body. */
export function begin(): void {
  last = 0;
  empty(0);
}

/** The columns begin anew, with the series of that place in the body. */
export function empty(before: u32): void {
  seriesBefore = before;
  samples = 0;
  series = 0;
}

export function samplesTaken(): u32 {
  return samples;
}

export function seriesTaken(): u32 {
  return series;
}

export function lastTaken(): usize {
  return last;
}

/** The fields `timeseries` of a WriteRequest from `at` on, as long as each is the one that came after the last the last time. Says where it stopped. */
export function read(at: usize, end: usize): usize {
  while (at + 2 < end) {
    const known: usize = last === 0 ? 0 : load<u32>(last + FOLLOWER);
    if (known === 0 || load<u8>(at) !== 0x0a) return at;
    let size: usize = load<u8>(at + 1);
    let from = at + 2;
    if (size >= 0x80) {
      const high: usize = load<u8>(from++);
      if (high >= 0x80) return at;
      size = (size & 0x7f) | (high << 7);
    }
    if (size > end - from || !take(known, from, from + size)) return at;
    at = from + size;
  }
  return at;
}

/** Takes the message in [from, end) if it is of that series and nothing but samples is behind its labels. */
export function take(known: usize, from: usize, end: usize): bool {
  if (series === room) return false;
  const length: usize = load<u32>(known + LENGTH);
  if (length > end - from || !equal(known + LABELS, from, length)) return false;
  const before = samples;
  let at = from + length;
  while (at < end) {
    if (load<u8>(at) !== 0x12 || samples === room) return giveUp(before);
    const size: usize = load<u8>(at + 1);
    at += 2;
    const after = at + size;
    if (size >= 0x80 || after > end) return giveUp(before);
    let value: u64 = 0;
    if (load<u8>(at) === 0x09 && at + 9 <= after) {
      value = load<u64>(at + 1);
      at += 9;
    }
    let time: u64 = 0;
    if (at < after) {
      if (load<u8>(at++) !== 0x10) return giveUp(before);
      const word = load<u64>(at);
      const stops = ~word & 0x0080808080808080;
      // Seven bytes reach beyond the year 19,000; longer ones are for the full decoder.
      if (stops === 0) return giveUp(before);
      const bits = ctz(stops) + 1;
      at += <usize>(bits >>> 3);
      if (at !== after) return giveUp(before);
      time = sevens(word & (((<u64>1) << bits) - 1));
    }
    store<u32>(indexAt + 4 * samples, seriesBefore + series);
    store<f64>(timesAt + 8 * samples, <f64>time);
    store<u64>(valuesAt + 8 * samples, value);
    samples++;
  }
  store<u32>(numbersAt + 4 * series, load<u32>(known + NUMBER));
  series++;
  last = known;
  return true;
}

function giveUp(before: u32): bool {
  samples = before;
  return false;
}

/** Puts the lower seven bits of each byte together. */
function sevens(word: u64): u64 {
  word &= 0x7f7f7f7f7f7f7f7f;
  word = ((word & 0x7f007f007f007f00) >>> 1) | (word & 0x007f007f007f007f);
  word = ((word & 0x3fff00003fff0000) >>> 2) | (word & 0x00003fff00003fff);
  return ((word & 0x0fffffff00000000) >>> 4) | (word & 0x000000000fffffff);
}
