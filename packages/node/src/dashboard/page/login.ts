/** Sends the token as a bearer, so that no framework has to read a body, and opens the page once it has the cookie. */
const form = document.querySelector<HTMLFormElement>('#login')!;
const field = document.querySelector<HTMLInputElement>('#token')!;
const problem = document.querySelector<HTMLElement>('#problem')!;

async function signIn(): Promise<void> {
  problem.textContent = '';
  if (!/^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(field.value)) {
    problem.textContent = 'A token has only letters, digits and signs of ASCII.';
    return;
  }
  try {
    const path = encodeURIComponent(location.pathname);
    const answer = await fetch(`?login=${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${field.value}` },
    });
    if (answer.ok) {
      location.reload();
      return;
    }
    const said = (await answer.json().catch(() => ({}))) as { readonly error?: string };
    problem.textContent = said.error ?? `The application answered ${answer.status}.`;
  } catch {
    problem.textContent = 'The application does not answer.';
  }
  field.select();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn();
});
