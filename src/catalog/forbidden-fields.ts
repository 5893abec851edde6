/**
 * Fields that the law keeps out of a catalog (征信业管理条例 art. 14, 浙江省公共信用信息管理条例 art. 14,
 * 山东省社会信用条例 art. 42; collected in the domain reference §9.8).
 */

interface Ban {
  /** the law's word */
  readonly subject: string;
  readonly chinese: RegExp;
  /** matched against lower-case words, each followed by one blank */
  readonly english: RegExp;
}

/** Not to be collected at all. */
const ALWAYS: readonly Ban[] = [
  { subject: '宗教信仰 religion', chinese: /宗教信仰|信仰/, english: /\b(religion|religions|religious (belief|beliefs|faith|affiliation)) / },
  { subject: '基因 gene', chinese: /基因/, english: /\b(gene|genes|genetic|genome|dna) / },
  { subject: '指纹 fingerprint', chinese: /指纹/, english: /\b(fingerprint|fingerprints|finger print|finger prints) / },
  { subject: '血型 blood type', chinese: /血型/, english: /\bblood (type|group) / },
  {
    subject: '疾病和病史 disease and medical history',
    chinese: /疾病|病史/,
    english: /\b(disease|diseases|illness|illnesses|medical history) /,
  },
];

/** Of a natural person, only with written consent: 授权查询, or kept by the provider. */
const WITH_CONSENT: readonly Ban[] = [
  { subject: '收入 income', chinese: /收入/, english: /\b(income|incomes) / },
  { subject: '存款 deposits', chinese: /存款/, english: /\b(deposits|bank deposit|savings) / },
  { subject: '有价证券 securities', chinese: /有价证券/, english: /\bsecurities / },
  { subject: '商业保险 commercial insurance', chinese: /商业保险/, english: /\bcommercial insurance / },
  { subject: '不动产 real estate', chinese: /不动产/, english: /\b(real estate|immovable property) / },
  { subject: '纳税数额 tax amount', chinese: /纳税(数|总|金)?额/, english: /\b(tax amount|tax paid|taxes paid) / },
];

export interface FieldNames {
  readonly nameZh: string | undefined;
  readonly nameEn: string | undefined;
  readonly key: string | undefined;
}

/** What the field may not be about, in the law's words; undefined when nothing forbids it. Judged by all three names. */
export function alwaysForbidden(names: FieldNames): string | undefined {
  return firstBan(ALWAYS, names);
}

/** Likewise what needs a natural person's written consent. */
export function forbiddenWithoutConsent(names: FieldNames): string | undefined {
  return firstBan(WITH_CONSENT, names);
}

function firstBan(bans: readonly Ban[], names: FieldNames): string | undefined {
  const english = `${wordsOf(names.nameEn ?? '')}${wordsOf(names.key ?? '')}`;
  return bans.find((ban) => ban.chinese.test(names.nameZh ?? '') || ban.english.test(english))?.subject;
}

/** `bloodType`, `blood_type` and `Blood type` are all "blood type ". */
function wordsOf(name: string): string {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().match(/[a-z]+/g) ?? [];
  return words.map((word) => `${word} `).join('');
}
