/** What V8's profilers give (https://chromedevtools.github.io/devtools-protocol/v8/Profiler/ and …/HeapProfiler/). */

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** Microseconds of a clock of V8's own. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node of each sample. */
  readonly samples?: readonly number[];
  /** Microseconds from each sample to the one before. */
  readonly timeDeltas?: readonly number[];
}

export interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly id: number;
  readonly children: readonly HeapNode[];
}

export interface HeapProfile {
  readonly head: HeapNode;
  readonly samples: readonly { readonly size: number; readonly nodeId: number; readonly ordinal: number }[];
}

export type ProfileKind = 'cpu' | 'heap';

/** One stack with its values, the innermost frame first. */
export interface StackSample {
  readonly frames: readonly CallFrame[];
  readonly values: readonly number[];
}

/** Stacks with what they are counted in, whatever profiler they come from. */
export interface Stacks {
  readonly samples: readonly StackSample[];
  /** Names and units of the values, such as `samples` and `count`. */
  readonly types: readonly (readonly [type: string, unit: string])[];
  /** What one sample stands for. */
  readonly period: number;
  readonly periodType: readonly [type: string, unit: string];
}
