const LONGEST = 100;

/** Names from outside, of which only so many are told apart; the others are `other`. */
export class BoundedNames {
  private readonly names = new Map<string, string>();

  constructor(private readonly most: number) {}

  of(given: unknown): string {
    const text = typeof given === 'string' ? given : '';
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= this.most) return 'other';
    const name = text.slice(0, LONGEST);
    this.names.set(text, name);
    return name;
  }
}
