/** Rows of one catalog item, made up field by field from its role and format, in the form in which intake reads them from a file. */
import { randomOf } from './random.mjs';
import { DIVISIONS, creditCode, idNumber, organizationName, personName } from './subjects.mjs';

/** Everything is dated before this day, so that a data set is the same whenever it is made. */
const LAST_DAY = Date.UTC(2026, 9, 31);
const DAY = 86_400_000;
const days = Array.from({ length: 9_000 }, (_, ago) => new Date(LAST_DAY - ago * DAY).toISOString().slice(0, 10));
const later = Array.from({ length: 4_000 }, (_, ahead) => new Date(LAST_DAY + (ahead + 200) * DAY).toISOString().slice(0, 10));

const UNITS = DIVISIONS.flatMap((division, place) =>
  ['市场监督管理局', '税务局', '生态环境局', '交通运输局', '应急管理局', '住房和城乡建设局', '人民法院', '农牧局'].map(
    (office, kind) => ({
      name: `${division}地区${office}`,
      code: creditCode(90_000_000 + place * 9 * 20 + kind * 9 + 8),
    }),
  ),
);
const SENTENCES = [
  '当事人在经营活动中未按照规定办理变更登记，经责令改正后仍未在期限内改正，事实清楚，证据确凿。',
  '按照法定条件和程序，经审查申请材料齐全，符合法定形式，准予许可，请在有效期内依法开展生产经营活动。',
  '依据《中华人民共和国行政处罚法》第二十八条的规定，责令当事人改正违法行为，并处以罚款。',
  '承诺已经知晓告知事项，满足办理条件，提交的材料真实、合法、有效，如有不实愿意承担法律责任。',
  '许可项目：食品生产、道路货物运输；一般项目：技术服务、技术开发、技术咨询、技术交流、技术转让。',
];

const WORDS = ['正常', '有效', '一般', '首次', '其他', '普通', '身份证', '法人及非法人组织'];

/** As long as names and reasons are. */
function sentencePart(random, length) {
  const start = random.below(8);
  return random.pick(SENTENCES).slice(start, start + length);
}

/**
 * An endless sequence of rows.
 * @param {object} item of the compiled catalog
 * @param {{ seed: string; organizations: number; persons: number; subject?: number }} options `subject`: all about this organization
 */
export function rowSource(item, { seed, organizations, persons, subject }) {
  const random = randomOf(`${seed}/${item.code}/${subject ?? ''}`);
  // Document numbers are unique within an item; those of the giant are apart from the others.
  let serial = subject === undefined ? 0 : 500_000_000;
  const makers = item.fields.map((field) => makerOf(item, field, random));
  // Where a year alone tells the entries of a subject apart, the subjects take turns.
  const inTurn = item.fields.filter(({ inKey }) => inKey).every(({ format }) => format === 'INTEGER');
  return {
    next() {
      serial += 1;
      const person =
        subject === undefined && (item.subjectScope === 'PERSON' || (item.subjectScope === 'ALL' && random.chance(0.3)));
      // Some subjects have many entries and most have few.
      const many = person ? persons : organizations;
      const number = subject ?? (inTurn ? serial % many : Math.floor(many * random.unit() ** 1.25));
      const identifier = person ? idNumber(number) : creditCode(number);
      const turn = Math.floor(serial / many);
      const about = { serial, turn, number, person, identifier, decided: random.below(3_000), unit: random.pick(UNITS) };
      return { values: makers.map((maker) => maker(about)), identified: { person, identifier } };
    },
  };
}

/** One row for each subject of the subject item. */
export function subjectRow(item, random, number) {
  const person = item.subjectScope === 'PERSON';
  const identifier = person ? idNumber(number) : creditCode(number);
  const about = { serial: number, number, person, identifier, decided: random.below(3_000), unit: random.pick(UNITS) };
  return { values: item.fields.map((field) => makerOf(item, field, random)(about)), identified: { person, identifier } };
}

function makerOf(item, field, random) {
  const make = valueOf(item, field, random);
  const optional = !field.required && !field.inKey && (field.role === null || field.role.startsWith('REMOVED'));
  return optional ? (about) => (random.chance(0.5) ? make(about) : null) : make;
}

function valueOf(item, field, random) {
  switch (field.role) {
    case 'SUBJECT_CODE':
      return ({ person, identifier }) =>
        person && item.fields.some(({ role }) => role === 'SUBJECT_ID_NUMBER') ? null : identifier;
    case 'SUBJECT_ID_NUMBER':
      return ({ person, identifier }) => (person ? identifier : null);
    case 'SUBJECT_NAME':
      return ({ person, number }) => (person ? personName(number) : organizationName(number));
    case 'DIVISION':
      return ({ number }) => DIVISIONS[number % DIVISIONS.length];
    case 'SOURCE_UNIT':
    case 'AUTHORITY':
      return ({ unit }) => unit.name;
    case 'SOURCE_UNIT_CODE':
      return ({ unit }) => unit.code;
    case 'PUBLIC_UNTIL':
      // One in ten is past its publicity date.
      return () => (random.chance(0.1) ? days[random.below(500)] : later[random.below(later.length)]);
    case 'VALID_UNTIL':
      return () => later[random.below(later.length)];
    case 'DECIDED_ON':
    case 'LISTED_ON':
    case 'COMMITTED_ON':
    case 'EVALUATED_ON':
      return ({ decided }) => days[decided];
    case 'DOCUMENT_NUMBER':
      return ({ serial }) => `内字〔2026〕${String(serial).padStart(9, '0')}号`.slice(0, field.length);
    default:
      return plainValueOf(field, random);
  }
}

function plainValueOf(field, random) {
  if (field.inKey && field.format === 'INTEGER') return ({ turn }) => String(2000 + turn);
  if (field.inKey && field.format !== 'DATE' && field.role !== 'SUBJECT_CODE') return ({ serial }) => `批次${String(serial)}`;
  if (field.values !== null) return () => random.pick(field.values);
  switch (field.format) {
    case 'DATE':
      return () => days[random.below(days.length)];
    case 'DATETIME':
      return () => `${days[random.below(500)]}T09:30:00+08:00`;
    case 'INTEGER':
      return field.length === 4
        ? () => String(2015 + random.below(11))
        : () => String(random.below(10 ** Math.min(field.length, 3)));
    case 'DECIMAL':
      return () => (random.below(1_000_000) / 100).toFixed(2).replace(/\.?0+$/, '');
    case 'BOOLEAN':
      return () => (random.chance(0.5) ? 'true' : 'false');
    case 'TEXT':
      return () => SENTENCES[random.below(SENTENCES.length)].slice(0, field.length);
    default:
      if (/Usc?c$|^organizationCode$/.test(field.key)) return ({ unit }) => unit.code.slice(0, field.length);
      if (/[Nn]o$|Number$|Id$|Code$/.test(field.key)) return () => String(1e11 + random.below(1e11)).slice(0, field.length);
      if (/Phone$/.test(field.key)) return () => `139${String(random.below(1e8)).padStart(8, '0')}`;
      if (/^legalRepresentative$|[Hh]andler$|Controller$|declarantName$/.test(field.key))
        return () => personName(random.below(14));
      if (field.format === 'CODE') return () => random.pick(WORDS).slice(0, field.length);
      return () => sentencePart(random, Math.min(field.length, 24));
  }
}
