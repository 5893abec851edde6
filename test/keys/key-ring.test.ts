import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createKeyRing, fingerprintOf } from '../../src/keys/key-ring.ts';

/** 00 01 02 … 1f; the expected values below were computed with Python's hmac and hashlib, and OpenSSL's sm4-ctr. */
const MASTER_KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const keys = createKeyRing(MASTER_KEY);
const others = createKeyRing(Buffer.alloc(32, 7));

const SUBJECT = '3b0b0313-aa9c-8660-bf29-74654562fdac';
const ID_NUMBER = '152921198001011234';
const SEALED = 'sm4:Ip4lKw5mCd9VCrOxb6EHEOG296M6K0wEnsAvtN2xEAlpMg==';

describe('ids', () => {
  it('gives a subject the id of its identifier and the key, as a UUID of version 8', () => {
    expect(keys.subjectId('91150100MA0EXAMPL1')).toBe(SUBJECT);
    expect(SUBJECT).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('gives an entry the id of its item, subject and key values', () => {
    expect(keys.entryId('XK01', SUBJECT, ['a', 'b'])).toBe('0a5df94c-cbc0-89cf-9a48-a84301ccb32f');
  });

  it.each([
    ['a value moved to the next', keys.entryId('XK01', SUBJECT, ['ab', ''])],
    ['another order', keys.entryId('XK01', SUBJECT, ['b', 'a'])],
    ['another item', keys.entryId('XK02', SUBJECT, ['a', 'b'])],
    ['another key', others.entryId('XK01', SUBJECT, ['a', 'b'])],
  ])('gives another id for %s', (_, id) => {
    expect(id).not.toBe(keys.entryId('XK01', SUBJECT, ['a', 'b']));
  });

  it('never gives a subject and an entry one id', () => {
    expect(keys.entryId('x', SUBJECT, [])).not.toBe(keys.subjectId('x'));
  });
});

describe('sealing', () => {
  it('gives the known answer, and the same again', () => {
    expect(keys.seal(ID_NUMBER, SUBJECT)).toBe(SEALED);
    expect(keys.seal(ID_NUMBER, SUBJECT)).toBe(SEALED);
    expect(keys.unseal(SEALED, SUBJECT)).toBe(ID_NUMBER);
  });

  it.each(['', '甲', '锡林郭勒盟'.repeat(400), '\0', 'sm4:'])('opens what it sealed: %#', (text) => {
    expect(keys.unseal(keys.seal(text, SUBJECT), SUBJECT)).toBe(text);
  });

  it.each([0, 1, 15, 16, 17, 300, 1_000, 5_000])('seals as the library itself would, whatever the length: %d', (length) => {
    const key = (purpose: string, bytes: number): Buffer =>
      Buffer.from(hkdfSync('sha256', MASTER_KEY, '', `public-credit-gateway/v1/${purpose}`, bytes));
    for (let run = 0; run < 50; run += 1) {
      const text = '盟a😀é'.repeat(length / 4 + 1).slice(0, length) + String(run);
      const iv = createHmac('sm3', key('seal-mac', 32)).update(`${SUBJECT}\0${text}`).digest().subarray(0, 16);
      const cipher = createCipheriv('sm4-ctr', key('seal', 16), iv);
      const sealed = `sm4:${Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]).toString('base64')}`;
      expect(keys.seal(text, SUBJECT)).toBe(sealed);
      // Half of a surrogate pair, which a cut may leave, is not UTF-8.
      const stored = Buffer.from(text).toString();
      expect(keys.openStored(keys.seal(stored, SUBJECT), SUBJECT)).toBe(stored);
    }
  });

  it('opens what is stored as it is, and refuses what is sealed for another', () => {
    expect(keys.openStored(SEALED, SUBJECT)).toBe(ID_NUMBER);
    expect(keys.openStored(ID_NUMBER, SUBJECT)).toBe(ID_NUMBER);
    expect(() => keys.openStored(SEALED, 'another')).toThrow(/does not open/);
  });

  it('hides equal values of two subjects from each other', () => {
    expect(keys.seal(ID_NUMBER, 'another')).not.toBe(SEALED);
    expect(keys.seal(ID_NUMBER, 'another').slice(-20)).not.toBe(SEALED.slice(-20));
  });

  it('refuses a value of another subject, and of another key', () => {
    expect(() => keys.unseal(SEALED, 'another')).toThrow(/does not open/);
    expect(() => others.unseal(SEALED, SUBJECT)).toThrow(/does not open/);
  });

  it('refuses a value with any one byte altered, and names no value', () => {
    const bytes = Buffer.from(SEALED.slice(4), 'base64');
    for (const [index, byte] of bytes.entries()) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(byte ^ 1, index);
      const attempt = (): string => keys.unseal(`sm4:${altered.toString('base64')}`, SUBJECT);
      expect(attempt).toThrow('A sealed value does not open: it was altered, or belongs elsewhere.');
    }
  });

  it.each(['', ID_NUMBER, 'sm4:', 'sm4:AAAA', 'sm4:not base64 at all, but long enough', `${SEALED} `])(
    'knows %j is not sealed',
    (text) => {
      expect(keys.isSealed(text)).toBe(false);
      expect(() => keys.unseal(text, SUBJECT)).toThrow('This is not a sealed value.');
    },
  );

  it('knows what is sealed', () => {
    expect(keys.isSealed(SEALED)).toBe(true);
  });

  it('refuses a context in which the text could hide', () => {
    expect(() => keys.seal('b', 'a\0')).toThrow(/NUL/);
  });
});

describe('digests', () => {
  it('gives the known answer', () => {
    expect(keys.digest(['甲', 'b']).toString('hex')).toBe('073a092ae9e07cd2edcae29e6f299d231149357fda1261e7eb5779e061cd7912');
  });

  it.each([
    [['甲b'], 'one part'],
    [['甲b', ''], 'the border elsewhere'],
    [['甲', 'b', ''], 'an empty part more'],
    [['b', '甲'], 'another order'],
  ])('differs for %j: %s', (parts) => {
    expect(keys.digest(parts)).not.toEqual(keys.digest(['甲', 'b']));
  });

  it('differs by key', () => {
    expect(others.digest(['甲', 'b'])).not.toEqual(keys.digest(['甲', 'b']));
  });
});

describe('encryption', () => {
  const plaintext = Buffer.from('cursor 1');
  const aad = Buffer.from('client-1');

  it('opens what it encrypted, and never writes the same twice', () => {
    const one = keys.encrypt('cursor', plaintext, aad);
    const two = keys.encrypt('cursor', plaintext, aad);
    expect(keys.decrypt('cursor', one, aad)).toEqual(plaintext);
    expect(one).not.toEqual(two);
  });

  it('is null for any byte altered or missing', () => {
    const ciphertext = keys.encrypt('cursor', plaintext, aad);
    for (const [index, byte] of ciphertext.entries()) {
      const altered = Buffer.from(ciphertext);
      altered.writeUInt8(byte ^ 1, index);
      expect(keys.decrypt('cursor', altered, aad)).toBeNull();
      expect(keys.decrypt('cursor', ciphertext.subarray(0, index), aad)).toBeNull();
    }
  });

  it('is null for another client, another purpose and another key', () => {
    const ciphertext = keys.encrypt('cursor', plaintext, aad);
    expect(keys.decrypt('cursor', ciphertext, Buffer.from('client-2'))).toBeNull();
    expect(keys.decrypt('signing-key', ciphertext, aad)).toBeNull();
    expect(others.decrypt('cursor', ciphertext, aad)).toBeNull();
  });
});

describe('the master key', () => {
  it('has a fingerprint that tells keys apart', () => {
    expect(fingerprintOf(MASTER_KEY)).toBe('55ad017f1594aeeadd0ef5046f822b10');
    expect(fingerprintOf(Buffer.alloc(32))).not.toBe(fingerprintOf(MASTER_KEY));
  });

  it.each([0, 16, 31, 33])('is refused with %i bytes', (bytes) => {
    expect(() => createKeyRing(Buffer.alloc(bytes))).toThrow(/32 bytes/);
  });

  it('runs on the SM4 of GB/T 32907, by the example in its appendix', () => {
    const example = Buffer.from('0123456789abcdeffedcba9876543210', 'hex');
    const cipher = createCipheriv('sm4-ctr', example, example);
    expect(cipher.update(Buffer.alloc(16)).toString('hex')).toBe('681edf34d206965e86b3e94f536e4246');
  });
});
