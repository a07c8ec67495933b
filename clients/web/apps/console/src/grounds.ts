// The grounds of whoever is signed in, asked once per sign-in.
import { groundsOf, type Ground } from '@gridwarden/ui-shared/desk/grounds';
import { useAccount } from '@gridwarden/ui-shared/desk/session';

let known: { account: string; grounds: Promise<Ground[]> } | null = null;

export function ownGrounds(): Promise<Ground[]> {
  const account = useAccount().value;
  if (!account) return Promise.resolve([]);
  if (known?.account !== account.name) {
    known = { account: account.name ?? '', grounds: groundsOf(account) };
    known.grounds.catch(() => (known = null));
  }
  return known!.grounds;
}
