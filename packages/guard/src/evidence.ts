/** Number of alternatives in the mixture: more would cost time per request and gain less than 0.1 nats. */
const ALTERNATIVES = 24;
/** The strongest alternative. Below 1, so that one success among many failures is not infinitely unlikely. */
const STRONGEST = 0.999;
/** The weakest alternative has this multiple of the null's odds; closer ones need more requests than a release is watched. */
const WEAKEST_ODDS_RATIO = 1.5;

/**
 * Evidence that a probability exceeds `nullRatio`, as the natural logarithm of an e-value that may be looked at after
 * every observation.
 *
 * The e-value after n trials with k hits is the mixture likelihood ratio
 *     E = mean over p in grid of (p / p0)^k · ((1-p) / (1-p0))^(n-k),     p0 = nullRatio < p < 1.
 * For every true probability at or below p0 each factor has an expectation of at most 1, so E is a non-negative
 * supermartingale that starts at 1, and by Ville's inequality P(E ever reaches 1/alpha) <= alpha: optional stopping costs
 * nothing. (J. Ville, "Étude critique de la notion de collectif", 1939; A. Wald's sequential test, 1945, with the mixture of
 * H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist. 41, 1970; in today's
 * words: A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe anytime-valid inference",
 * Statistical Science 38, 2023, section 4.)
 *
 * The grid is fixed before the first observation: equal weights, evenly spaced in log-odds.
 */
export interface Evidence {
  readonly nullRatio: number;
  /** ln E after `trials` observations of which `hits` were hits; 0 trials give 0. O(grid). */
  log(trials: number, hits: number): number;
}

const NONE = 0;

export function createEvidence(nullRatio: number): Evidence {
  if (nullRatio <= 0) throw new RangeError(`nullRatio must be above 0, got ${nullRatio}`);
  if (nullRatio >= STRONGEST) return { nullRatio, log: () => NONE };
  const perHit = new Float64Array(ALTERNATIVES);
  const perMiss = new Float64Array(ALTERNATIVES);
  const nullLogOdds = Math.log(nullRatio / (1 - nullRatio));
  const to = Math.log(STRONGEST / (1 - STRONGEST));
  const from = Math.min(nullLogOdds + Math.log(WEAKEST_ODDS_RATIO), (nullLogOdds + to) / 2);
  for (let i = 0; i < ALTERNATIVES; i++) {
    const logOdds = from + ((to - from) * i) / (ALTERNATIVES - 1);
    const ratio = 1 / (1 + Math.exp(-logOdds));
    perHit[i] = Math.log(ratio / nullRatio);
    perMiss[i] = Math.log((1 - ratio) / (1 - nullRatio));
  }
  return { nullRatio, log: (trials, hits) => logMeanLikelihood(perHit, perMiss, hits, trials - hits) };
}

/** ln of the mean of exp(hits·perHit + misses·perMiss), by log-sum-exp so that nothing overflows. */
function logMeanLikelihood(perHit: Float64Array, perMiss: Float64Array, hits: number, misses: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < ALTERNATIVES; i++) {
    const term = hits * perHit[i]! + misses * perMiss[i]!;
    if (term > largest) largest = term;
  }
  let sum = 0;
  for (let i = 0; i < ALTERNATIVES; i++) sum += Math.exp(hits * perHit[i]! + misses * perMiss[i]! - largest);
  return largest + Math.log(sum / ALTERNATIVES);
}
