/** Text → GB18030, which Node decodes but does not encode: the decoder's table, turned round. Knows the two-byte characters. */
const bytesOf = new Map<string, readonly [number, number]>();
const decoder = new TextDecoder('gb18030');
for (let first = 0x81; first <= 0xfe; first += 1) {
  for (let second = 0x40; second <= 0xfe; second += 1) {
    if (second === 0x7f) continue;
    const character = decoder.decode(new Uint8Array([first, second]));
    if (character.length === 1 && !bytesOf.has(character)) bytesOf.set(character, [first, second]);
  }
}

export function encodeGb18030(text: string): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else bytes.push(...twoBytes(character));
  }
  return Buffer.from(bytes);
}

function twoBytes(character: string): readonly [number, number] {
  const pair = bytesOf.get(character);
  if (pair === undefined) throw new Error(`no two-byte code for ${character}`);
  return pair;
}
