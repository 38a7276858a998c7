/** The value of a sample in the HTTP API: `+Inf`, `-Inf` and `NaN` among them. */
export const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));
