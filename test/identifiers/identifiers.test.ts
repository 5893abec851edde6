import { describe, expect, it } from '@jest/globals';
import {
  certificateIdentifier,
  citizenIdNumberOfOld,
  isCitizenIdNumber,
  isOldCitizenIdNumber,
  isUnifiedSocialCreditCode,
  normalizeIdentifier,
  subjectIdentifier,
  subjectKindOfCode,
} from '../../src/identifiers/index.ts';

describe('unified social credit code (GB 32100-2015)', () => {
  it.each([
    ['91150102MAY0A0011F', 'ENTERPRISE'],
    ['92150203MAY0A002XP', 'SOLE_TRADER'],
    ['93150929MAY0A0038E', 'COOPERATIVE'],
    ['11150000MAY0A00468', 'GOVERNMENT_BODY'],
    ['12150602MAY0A0054U', 'PUBLIC_INSTITUTION'],
    ['51150400MAY0A0062E', 'SOCIAL_ORGANIZATION'],
    ['52150500MAY0A0070B', 'SOCIAL_ORGANIZATION'],
    ['53150000MAY0A0089B', 'SOCIAL_ORGANIZATION'],
    ['N1150929MAY0A00B30', 'OTHER_ORGANIZATION'],
    ['91159900002700000B', 'ENTERPRISE'],
  ])('accepts %s as %s', (code, kind) => {
    expect(isUnifiedSocialCreditCode(code)).toBe(true);
    expect(subjectKindOfCode(code)).toBe(kind);
  });

  it.each([
    ['wrong check character', '91150102MAY0A0011G'],
    ['letter I', '91150102MAY0A00I1F'],
    ['letter O for zero', '9115O102MAY0A0011F'],
    ['lower case', '91150102may0a0011f'],
    ['too short', '91150102MAY0A0011'],
    ['too long', '91150102MAY0A0011FF'],
    ['placeholder of zeros', '00000000000000000X'],
    ['line end behind it', '91150102MAY0A0011F\n'],
    ['empty', ''],
  ])('refuses: %s', (_, code) => expect(isUnifiedSocialCreditCode(code)).toBe(false));

  it('refuses a code whose last character is right but whose inner check character is not', () => {
    // The inner character 1 becomes 2 (weight 28), and the last one follows: F is 15, 15 - 28 is 18 modulo 31, J.
    expect(isUnifiedSocialCreditCode('91150102MAY0A0012J')).toBe(false);
  });

  it('refuses every code in which one character was mistyped', () => {
    const code = '91150102MAY0A0011F';
    for (let at = 0; at < code.length; at += 1) {
      for (const typed of '0123456789ABCDEFGHJKLMNPQRTUWXY') {
        if (typed === code[at]) continue;
        expect(isUnifiedSocialCreditCode(code.slice(0, at) + typed + code.slice(at + 1))).toBe(false);
      }
    }
  });
});

describe('citizen ID number (GB 11643-1999)', () => {
  it.each([
    '150100199001010024',
    '150200198506150138',
    '150400200002291245',
    '150700197812312353',
    '15250019680808346X',
    '15290020040404457X',
  ])('accepts %s', (number) => expect(isCitizenIdNumber(number)).toBe(true));

  it.each([
    ['30 February', '150100199002300025'],
    ['wrong check character', '150100199001010025'],
    ['lower-case x', '15250019680808346x'],
    ['29 February of a common year', '150400200102291245'],
    ['month 13', '150100199013010024'],
    ['year 2190', '150100219001010024'],
    ['15 digits', '150100900101002'],
    ['17 digits', '15010019900101002'],
  ])('refuses: %s', (_, number) => expect(isCitizenIdNumber(number)).toBe(false));

  it('knows a 15-digit number by its birth date, and the 18 characters that replaced it', () => {
    expect(isOldCitizenIdNumber('150100900101002')).toBe(true);
    expect(citizenIdNumberOfOld('150100900101002')).toBe('150100199001010024');
    expect(isOldCitizenIdNumber('150100900230002')).toBe(false);
    expect(isOldCitizenIdNumber('15010090010100X')).toBe(false);
    expect(citizenIdNumberOfOld('150100900101998').slice(6, 10)).toBe('1890');
  });
});

describe('whom a code names', () => {
  it('an organization, where it is a credit code', () => {
    expect(subjectIdentifier('91150102MAY0A0011F')).toEqual({ person: false, identifier: '91150102MAY0A0011F' });
  });

  it('a person, where it is an ID number of either generation', () => {
    const person = { person: true, identifier: '150100199001010024' };
    expect(subjectIdentifier('150100199001010024')).toEqual(person);
    expect(subjectIdentifier('150100900101002')).toEqual(person);
  });

  it('a person, where an ID number happens to pass as a credit code too', () => {
    const found = findBoth('1101011990');
    expect(isUnifiedSocialCreditCode(found) && isCitizenIdNumber(found)).toBe(true);
    expect(subjectIdentifier(found)?.person).toBe(true);
  });

  it('nobody, where no check digit holds', () => {
    expect(subjectIdentifier('91150102MAY0A0011G')).toBeNull();
    expect(subjectIdentifier('150100199002300025')).toBeNull();
    expect(subjectIdentifier('E12345678')).toBeNull();
  });

  it.each([
    'E12345678',
    'EA1234567',
    'G12345678',
    'H12345678',
    'M1234567890',
    '12345678',
    '1234567890',
    'CAN110112345678',
    '150100900101002',
  ])('a person by certificate %s, in a field that takes any certificate', (number) =>
    expect(certificateIdentifier(number)?.person).toBe(true),
  );

  it.each(['150100199001010025', '150100900230002', '无', '1', '15010019900101002', '***'])(
    'nobody by certificate %s',
    (number) => expect(certificateIdentifier(number)).toBeNull(),
  );
});

describe('one spelling of an identifier', () => {
  it('is half-width, upper case and without blanks', () => {
    expect(normalizeIdentifier(' ９１150102may0a0011ｆ　')).toBe('91150102MAY0A0011F');
    expect(normalizeIdentifier('15250019680808346x')).toBe('15250019680808346X');
    expect(normalizeIdentifier('9115 0102 MAY0 A001 1F')).toBe('91150102MAY0A0011F');
  });

  it('guesses nothing: O stays O', () => expect(normalizeIdentifier('9115O102MAY0A0011F')).toBe('9115O102MAY0A0011F'));
});

/** The first ID number with this beginning that both standards accept. */
function findBoth(beginning: string): string {
  for (let rest = 1_010_000; rest < 1_020_000; rest += 1) {
    for (const check of '0123456789') {
      const number = `${beginning}${String(rest).padStart(7, '0')}${check}`;
      if (isCitizenIdNumber(number) && isUnifiedSocialCreditCode(number)) return number;
    }
  }
  throw new Error('none found');
}
