/** Purposes (使用目的) are compared as texts: what was agreed must be what is stated, no more and no less. */

const LONGEST = 200;

/** The form in which purposes are stored and compared: without outer blanks, in Unicode's composed form (NFC). */
export function normalizePurpose(text: string): string {
  return text.trim().normalize('NFC');
}

/** 1 to 200 characters (code points) after normalization, none of them a control character. */
export function isPurpose(text: string): boolean {
  const purpose = normalizePurpose(text);
  return purpose !== '' && (purpose.length <= LONGEST || Array.from(purpose).length <= LONGEST) && !/\p{Cc}/u.test(purpose);
}
