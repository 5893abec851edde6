/** `A,B` as an option's value: the names, without blanks; Chinese commas are commas too. */
export function itemList(text: string): string[] {
  return text
    .split(/[,，]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
