import { COUNTIES_OF_LEAGUE } from './region-divisions.ts';

const LEAGUES = [...COUNTIES_OF_LEAGUE.keys()];
const COUNTIES = [...COUNTIES_OF_LEAGUE.values()].flat();

/** Provinces by the names that addresses give them. */
const PROVINCE = new RegExp(
  `^(?:${[
    '(?:北京|天津|上海|重庆)市?',
    '(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省?',
    '(?:内蒙古|广西壮族|广西|西藏|宁夏回族|宁夏|新疆维吾尔|新疆)自治区|内蒙古|广西|西藏|宁夏|新疆',
    '(?:香港|澳门)(?:特别行政区)?',
  ].join('|')})`,
  'u',
);

/** 直辖市: has districts and no prefectures. */
const MUNICIPALITY = /^(?:北京|天津|上海|重庆)/u;

/**
 * One character of a place's name. Streets, buildings and estates do not belong to it, and neither do 镇, 乡 and their like, unless
 * they begin the name (镇江) or end it (景德镇市, 新乡市).
 */
const HAN = '(?![路街巷弄号栋幢室超组])(?!(?<=.)[镇乡村场店院园](?![市县区]))\\p{Script=Han}';
const PREFECTURE = new RegExp(`^(?:(?![县旗区市盟])${HAN}){2,8}?(?:市(?![场政府民委郊花广])|盟|地区|自治州)`, 'u');
const COUNTY = new RegExp(`^(?:${HAN}){1,10}?(?:自治县|市辖区|县(?![城委政府道])|区(?![委政])|市(?![场政府民委郊花广]))`, 'u');

/** What ends like a district and is an estate or a site; of the 新区 only those with a county's rank are divisions. */
const NO_DIVISION =
  /(?:小|社|园|校|厂|街|片|院|宅|活|属|景|库|营|业|墅|矿|住|宿舍|办公|开发|高新|示范|保税|管理|度假|夜|菜|集|股|花|书|新|辖)[区市]$/u;
const DIVISION_ALL_THE_SAME = /^(?:浦东新区|滨海新区|市辖区)$/u;

/**
 * The address down to county level (盟 市 区 县 旗) and `****` for the rest, white space left out. Inside 内蒙古自治区 only what GB/T 2260
 * lists counts as a division, elsewhere what is formed like one; in doubt the shorter form. `null`: no division at its beginning.
 */
export function maskAddress(text: string): string | null {
  const address = text.replace(/\s/g, '');
  const alone = regionalPart(address);
  if (alone !== '') return `${alone}****`;

  const province = PROVINCE.exec(address)?.[0] ?? '';
  const rest = address.slice(province.length);
  const kept = province.startsWith('内蒙古') ? regionalPart(rest) : elsewherePart(rest, province);
  return province + kept === '' ? null : `${province}${kept}****`;
}

/** League and county, or a county alone, by the list. */
function regionalPart(text: string): string {
  const league = LEAGUES.find((name) => text.startsWith(name)) ?? '';
  const rest = text.slice(league.length);
  const counties = COUNTIES_OF_LEAGUE.get(league) ?? COUNTIES;
  return league + (counties.find((name) => rest.startsWith(name)) ?? '');
}

/** Prefecture and county by their form; where no province leads the way, only both together are believed. */
function elsewherePart(text: string, province: string): string {
  const prefecture = MUNICIPALITY.test(province) ? '' : division(PREFECTURE, text);
  const county = division(COUNTY, text.slice(prefecture.length));
  return province !== '' || (prefecture !== '' && county !== '') ? prefecture + county : '';
}

function division(form: RegExp, text: string): string {
  const name = form.exec(text)?.[0] ?? '';
  return NO_DIVISION.test(name) && !DIVISION_ALL_THE_SAME.test(name) ? '' : name;
}
