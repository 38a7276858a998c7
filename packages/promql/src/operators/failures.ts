import { PromqlExecutionError } from '../engine/errors.ts';

/** What can go wrong at one step, in the order in which Prometheus would come upon it. */
export type Phase = 'one-side' | 'match' | 'result';

const PHASES: readonly Phase[] = ['one-side', 'match', 'result'];

interface Failure {
  readonly step: number;
  readonly phase: number;
  readonly order: number;
  readonly reason: () => string;
}

/** Finds the failure that an evaluation step by step would have met first. */
export class Failures {
  private first: Failure | undefined;

  /** `order` is the place of the series that failed among its side. */
  add(step: number, phase: Phase, order: number, reason: () => string): void {
    const failure = { step, phase: PHASES.indexOf(phase), order, reason };
    if (!this.first || isBefore(failure, this.first)) this.first = failure;
  }

  /** @throws PromqlExecutionError if there was any. */
  throwFirst(): void {
    if (this.first) throw new PromqlExecutionError(this.first.reason());
  }
}

function isBefore(a: Failure, b: Failure): boolean {
  return (a.step - b.step || a.phase - b.phase || a.order - b.order) < 0;
}
