import { request } from 'undici';
import type { OAuth2Config } from '../config/types.ts';
import { Dispatchers } from './dispatchers.ts';
import { secretText } from './secret.ts';

/** A token is asked for anew this long before it ends. */
const earlyMs = 10_000;

const maxAnswer = 64 * 1024;

/** Tokens of the client credentials grant (RFC 6749, 4.4), kept until shortly before they end. */
export class TokenSource {
  readonly #dispatchers: Dispatchers;
  #token: { readonly header: string; readonly secret: string; readonly endsAt: number } | undefined;

  constructor(private readonly config: OAuth2Config) {
    this.#dispatchers = new Dispatchers(config);
  }

  /** What to send as `authorization`. */
  async header(signal: AbortSignal): Promise<string> {
    const secret = await secretText(this.config.clientSecret);
    const known = this.#token;
    if (known && known.secret === secret && Date.now() < known.endsAt) return known.header;
    // Servers differ in where they want the client's name; the header is the standard's first choice.
    let answer = await this.#ask(secret, true, signal);
    if (answer.status === 400 || answer.status === 401) answer = await this.#ask(secret, false, signal);
    if (answer.status !== 200) throw new Error(`oauth2: cannot fetch token: HTTP status ${answer.status}`);
    const token = tokenOf(answer.text);
    this.#token = { ...token, secret };
    return token.header;
  }

  async #ask(secret: string, inHeader: boolean, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { clientId, scopes, endpointParams, tokenUrl } = this.config;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...endpointParams });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
    if (inHeader) {
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    } else {
      form.set('client_id', clientId);
      form.set('client_secret', secret);
    }
    const dispatcher = await this.#dispatchers.for(new URL(tokenUrl));
    const { statusCode, body } = await request(tokenUrl, {
      method: 'POST',
      headers,
      body: form.toString(),
      dispatcher,
      signal,
    });
    let text = '';
    for await (const chunk of body.setEncoding('utf8')) {
      text += chunk;
      if (text.length > maxAnswer) throw new Error('oauth2: the answer of the token server is too long');
    }
    return { status: statusCode, text };
  }

  forget(): void {
    this.#token = undefined;
  }

  close(): Promise<void> {
    return this.#dispatchers.close();
  }
}

function tokenOf(text: string): { header: string; endsAt: number } {
  const answer = JSON.parse(text) as { access_token?: unknown; token_type?: unknown; expires_in?: unknown };
  if (typeof answer.access_token !== 'string') throw new Error('oauth2: server response missing access_token');
  const type =
    typeof answer.token_type === 'string' && !/^bearer$/i.test(answer.token_type) ? answer.token_type : 'Bearer';
  const seconds = Number(answer.expires_in);
  const endsAt = seconds > 0 ? Date.now() + seconds * 1000 - earlyMs : Number.POSITIVE_INFINITY;
  return { header: `${type} ${answer.access_token}`, endsAt };
}
