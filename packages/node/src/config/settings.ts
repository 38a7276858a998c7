/** The effective configuration, after options and environment (config/schema.ts). */
export interface Settings {
  readonly enabled: boolean;
  readonly serviceName: string;
  /** By kind; `default` for every other one. 0 to 1. */
  readonly samplingRate: Readonly<Record<string, number>> & { readonly default: number };
  /** Operations a second that are kept of each kind, where the rate is to adapt; undefined where it is fixed. */
  readonly samplingTarget: number | undefined;
  /** Of each kind and minute so many are kept whatever the rate. */
  readonly minimumPerMinute: number;
  readonly slowQuerySeconds: number;
  /** Operations that are kept for each kind. */
  readonly bufferSize: number;
  /** Share of new traces that are sampled, 0 to 1. */
  readonly traceRate: number;
}
