/**
 * Divisions of the region (GB/T 2260) and how counts roll up in them. The region reports by 14 units: its twelve leagues and cities,
 * and 二连浩特 and 满洲里, which lie inside two of those and report on their own. So there are two ways to add up, and a listing
 * uses one of them: in the plain one a league holds all its counties, among reporting regions it does not hold those two.
 */

export const DIVISION_LEVELS = ['REPORTING_REGION', 'PREFECTURE', 'COUNTY'] as const;
export type DivisionLevel = (typeof DIVISION_LEVELS)[number];

/** Where the division of a row is not known. */
export const UNKNOWN_DIVISION = '';

const REGION = '150000';

/** Code and name of each league and city, and of its counties: the last two digits and the name. */
const LEAGUES: readonly (readonly [code: string, name: string, counties: string])[] = [
  ['150100', '呼和浩特市', '02新城区 03回民区 04玉泉区 05赛罕区 21土默特左旗 22托克托县 23和林格尔县 24清水河县 25武川县'],
  [
    '150200',
    '包头市',
    '02东河区 03昆都仑区 04青山区 05石拐区 06白云鄂博矿区 07九原区 21土默特右旗 22固阳县 23达尔罕茂明安联合旗',
  ],
  ['150300', '乌海市', '02海勃湾区 03海南区 04乌达区'],
  [
    '150400',
    '赤峰市',
    '02红山区 03元宝山区 04松山区 21阿鲁科尔沁旗 22巴林左旗 23巴林右旗 24林西县 25克什克腾旗 26翁牛特旗 28喀喇沁旗 29宁城县 30敖汉旗',
  ],
  ['150500', '通辽市', '02科尔沁区 21科尔沁左翼中旗 22科尔沁左翼后旗 23开鲁县 24库伦旗 25奈曼旗 26扎鲁特旗 81霍林郭勒市'],
  ['150600', '鄂尔多斯市', '02东胜区 03康巴什区 21达拉特旗 22准格尔旗 23鄂托克前旗 24鄂托克旗 25杭锦旗 26乌审旗 27伊金霍洛旗'],
  [
    '150700',
    '呼伦贝尔市',
    '02海拉尔区 03扎赉诺尔区 21阿荣旗 22莫力达瓦达斡尔族自治旗 23鄂伦春自治旗 24鄂温克族自治旗 25陈巴尔虎旗 26新巴尔虎左旗 27新巴尔虎右旗 81满洲里市 82牙克石市 83扎兰屯市 84额尔古纳市 85根河市',
  ],
  ['150800', '巴彦淖尔市', '02临河区 21五原县 22磴口县 23乌拉特前旗 24乌拉特中旗 25乌拉特后旗 26杭锦后旗'],
  [
    '150900',
    '乌兰察布市',
    '02集宁区 21卓资县 22化德县 23商都县 24兴和县 25凉城县 26察哈尔右翼前旗 27察哈尔右翼中旗 28察哈尔右翼后旗 29四子王旗 81丰镇市',
  ],
  ['152200', '兴安盟', '01乌兰浩特市 02阿尔山市 21科尔沁右翼前旗 22科尔沁右翼中旗 23扎赉特旗 24突泉县'],
  [
    '152500',
    '锡林郭勒盟',
    '01二连浩特市 02锡林浩特市 22阿巴嘎旗 23苏尼特左旗 24苏尼特右旗 25东乌珠穆沁旗 26西乌珠穆沁旗 27太仆寺旗 28镶黄旗 29正镶白旗 30正蓝旗 31多伦县',
  ],
  ['152900', '阿拉善盟', '21阿拉善左旗 22阿拉善右旗 23额济纳旗'],
];

/** Development zones, which statistics use and GB/T 2260 does not have. */
const ZONES: readonly (readonly [code: string, name: string])[] = [
  ['150172', '呼和浩特经济技术开发区'],
  ['150271', '包头稀土高新技术产业开发区'],
  ['150571', '通辽经济技术开发区'],
  ['152571', '乌拉盖管理区'],
  ['152971', '阿拉善高新技术产业开发区'],
];

/** 计划单列市: county-level, and a reporting region each. */
const REPORTING_COUNTIES: ReadonlySet<string> = new Set(['152501', '150781']);

/** Private codes of some systems, and what they stand for; the migration has the same list. */
const PRIVATE_CODES: Readonly<Record<string, string>> = { '153000': '150781', '153100': '152501', '159900': REGION };

const NAMES: ReadonlyMap<string, string> = new Map([
  [REGION, '内蒙古自治区'],
  ...ZONES,
  ...LEAGUES.flatMap(([code, name, counties]): [string, string][] => [
    [code, name],
    ...counties.split(' ').map((county): [string, string] => [code.slice(0, 4) + county.slice(0, 2), county.slice(2)]),
  ]),
]);

/** null: not a division of the region, or not known */
export function divisionName(code: string): string | null {
  return NAMES.get(code) ?? null;
}

/** The unit of the level that a six-digit division counts in; the region's own level (150000) is its own unit. */
export function divisionAt(level: DivisionLevel, code: string): string {
  if (code === UNKNOWN_DIVISION || level === 'COUNTY') return code;
  if (level === 'REPORTING_REGION' && REPORTING_COUNTIES.has(code)) return code;
  return `${code.slice(0, 4)}00`;
}

/**
 * What a division and everything below it share: 1501, 150100 and 150000 as prefixes, since codes of the upper levels end in 00.
 * @returns null for a text that is no such code
 */
export function divisionPrefix(code: string): string | null {
  if (!/^\d{2,6}$/.test(code)) return null;
  const known = PRIVATE_CODES[code] ?? code;
  return known.length === 6 ? known.replace(/(00){1,2}$/, '') : known;
}
