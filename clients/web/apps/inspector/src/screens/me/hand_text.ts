import type { Phone } from '@gridwarden/sync';

/** Copies a text; where the browser does not allow that, hands it out as a file. True when it lies in the clipboard. */
export async function handText(phone: Phone, text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    await phone.device.handOut(new File([text], 'gridwarden.txt', { type: 'text/plain' }));
    return false;
  }
}
