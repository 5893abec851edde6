/** The subjects of the data set, each computed from its number: valid codes of the unassigned divisions 1599xx, so nobody real. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const INNER_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const PLACES = [
  '内蒙古',
  '呼和浩特市',
  '包头市',
  '鄂尔多斯市',
  '赤峰市',
  '通辽市',
  '呼伦贝尔市',
  '锡林郭勒',
  '二连浩特市',
  '满洲里市',
];
const TRADES = ['农牧业科技', '稀土新材料', '国际贸易', '煤化工', '物流', '建筑工程', '乳业', '新能源', '信息技术', '餐饮服务'];
const FORMS = ['有限公司', '有限责任公司', '股份有限公司', '商店', '农民专业合作社'];
const PERSONS = [
  '巴特尔',
  '乌云',
  '其其格',
  '苏日娜',
  '呼和',
  '布仁',
  '张伟',
  '王芳',
  '李娜',
  '刘洋',
  '陈静',
  '杨磊',
  '赵敏',
  '周强',
];
/** GB/T 2260: the twelve prefectures of the region. */
export const DIVISIONS = [
  '150100',
  '150200',
  '150300',
  '150400',
  '150500',
  '150600',
  '150700',
  '150800',
  '150900',
  '152200',
  '152500',
  '152900',
];

/** One code in three is a sole trader's, as in the region. */
const PREFIXES = ['91', '92', '91', '91', '92', '93', '12', '51', '11'];

/** @param {number} n */
export function creditCode(n) {
  const body = `${PREFIXES[n % PREFIXES.length]}159900${String(n).padStart(8, '0')}`;
  let inner = 0;
  for (let at = 0; at < 8; at += 1) inner += Number(body[8 + at]) * INNER_WEIGHTS[at];
  const check = 11 - (inner % 11);
  const code = body + (check === 10 ? 'X' : check === 11 ? '0' : String(check));
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += ALPHABET.indexOf(code[at]) * WEIGHTS[at];
  return code + ALPHABET[(31 - (sum % 31)) % 31];
}

/** @param {number} n up to 35 million */
export function idNumber(n) {
  const day = new Date(Date.UTC(1950, 0, 1 + (Math.floor(n / 999) % 20_000))).toISOString().slice(0, 10).replaceAll('-', '');
  const body = `1599${String(10 + (Math.floor(n / 19_980_000) % 90))}${day}${String(n % 999).padStart(3, '0')}`;
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += Number(body[at]) * ID_WEIGHTS[at];
  return body + '10X98765432'[sum % 11];
}

export const organizationName = (n) =>
  `${PLACES[n % PLACES.length]}${TRADES[Math.floor(n / 10) % TRADES.length]}${String(n).padStart(4, '0')}${FORMS[Math.floor(n / 7) % FORMS.length]}`;
export const personName = (n) => PERSONS[n % PERSONS.length];
