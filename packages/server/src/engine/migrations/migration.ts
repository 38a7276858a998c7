/** One step of the schema. What was applied once is never edited: a change is a new number. Runs in the database `nightshift`. */
export interface Migration {
  readonly number: number;
  readonly title: string;
  readonly statements: readonly string[];
}
