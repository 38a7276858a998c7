/** Kullback–Leibler divergence between Bernoulli(q) and Bernoulli(p), natural logarithms, 0 < p < 1. */
function divergence(q: number, p: number): number {
  const hit = q > 0 ? q * Math.log(q / p) : 0;
  const miss = q < 1 ? (1 - q) * Math.log((1 - q) / (1 - p)) : 0;
  return hit + miss;
}

/**
 * Upper confidence bound of a probability of which `hits` of `trials` were seen: the largest p that the data do not
 * refute at level `alpha`. By Chernoff's bound in its Kullback–Leibler form, P(Bin(n, p) <= k) <= exp(-n·KL(k/n, p)) for
 * k/n <= p (H. Chernoff, "A measure of asymptotic efficiency", Ann. Math. Statist. 23, 1952; Hoeffding 1963, Theorem 1), so
 * the true probability is above the bound with a probability of at most `alpha`, for every sample size. It equals the
 * Clopper–Pearson bound at 0 hits and is slightly above it elsewhere.
 *
 * @returns 1 where nothing was tried.
 */
export function upperBound(hits: number, trials: number, alpha: number): number {
  if (trials <= 0 || hits >= trials) return 1;
  const ratio = hits / trials;
  const budget = Math.log(1 / alpha) / trials;
  let low = ratio;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (divergence(ratio, middle) > budget) high = middle;
    else low = middle;
  }
  return high;
}
