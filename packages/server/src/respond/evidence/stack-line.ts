const STACK_LINE = [
  /^\s+at\s+\S/, // JavaScript, Java, C#
  /^\s*File "[^"]*", line \d+/, // Python
  /^Traceback \(most recent call last\):/,
  /^\s*\.{3} \d+ more\b/, // Java
  /^\s*Caused by: /,
  /^goroutine \d+ \[/,
  /^\t\S+\.go:\d+/,
  /^[\w./*()]+\(.*\)$/, // Go's function above its file
  /^ {4}\S.*$/, // Python's source line
  /^\s+[\^~]+\s*$/,
];

/** Whether a log line is part of a stack trace of JavaScript, Python, Java or Go, not counting the line with the message. */
export function isStackLine(text: string): boolean {
  return STACK_LINE.some((pattern) => pattern.test(text));
}
