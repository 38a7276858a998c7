import { median } from '../promql/measure.ts';

export type Framework = 'node' | 'fastify';

/** Of one application with one variant in one round. */
export interface Figures {
  /** Requests a second at saturation. */
  readonly perSecond: number;
  /** Microseconds of processor time for a request, at saturation and at a fixed rate. */
  readonly cpuSaturated: number;
  readonly cpuPaced: number;
  /** Milliseconds at a fixed rate. */
  readonly p99: number;
  /** MB, anonymous. */
  readonly memory: number;
  /** MB, in use by objects and buffers. */
  readonly used: number;
}

/** Of a variant over all rounds; what is compared is compared within a round, and the median is of that. */
export interface Summary extends Figures {
  /** Per cent of requests a second that it costs. */
  readonly costs: number;
  /** Microseconds and MB beyond those of nothing. */
  readonly cpuAdded: number;
  readonly memoryAdded: number;
  readonly usedAdded: number;
}

const medianOf = (rounds: readonly Figures[], figure: (one: Figures, round: number) => number): number =>
  median(rounds.map(figure));

export function summarize(rounds: readonly Figures[], nothing: readonly Figures[]): Summary {
  const beside = (round: number): Figures => nothing[round] as Figures;
  return {
    perSecond: medianOf(rounds, (one) => one.perSecond),
    cpuSaturated: medianOf(rounds, (one) => one.cpuSaturated),
    cpuPaced: medianOf(rounds, (one) => one.cpuPaced),
    p99: medianOf(rounds, (one) => one.p99),
    memory: medianOf(rounds, (one) => one.memory),
    used: medianOf(rounds, (one) => one.used),
    costs: medianOf(rounds, (one, round) => 100 * (1 - one.perSecond / beside(round).perSecond)),
    cpuAdded: medianOf(rounds, (one, round) => one.cpuSaturated - beside(round).cpuSaturated),
    memoryAdded: medianOf(rounds, (one, round) => one.memory - beside(round).memory),
    usedAdded: medianOf(rounds, (one, round) => one.used - beside(round).used),
  };
}
