/**
 * Three plots as SVG text: pure functions of what `statistics` answered, without a library and without the page, so that they can
 * be drawn anywhere. A count of natural persons that the gateway keeps back is written as "<5"; one that leaves out small groups
 * has a "+" behind it. Neither is ever drawn as nothing.
 */

export const COLOURS = { organizations: '#2b6cb0', persons: '#c05621', late: '#c53030', backfill: '#a0aec0' };

const KINDS = {
  ENTERPRISE: '企业',
  SOLE_TRADER: '个体工商户',
  COOPERATIVE: '农民专业合作社',
  PUBLIC_INSTITUTION: '事业单位',
  GOVERNMENT_BODY: '机关',
  SOCIAL_ORGANIZATION: '社会组织',
  OTHER_ORGANIZATION: '其他组织',
  NATURAL_PERSON: '自然人',
};
const WIDTH = 640;
const LABEL = 150;
const ROW = 30;
const MOST_MONTHS = 24;
const MOST_PROVIDERS = 12;

const number = new Intl.NumberFormat('zh-CN');
const percent = new Intl.NumberFormat('zh-CN', { style: 'percent', maximumFractionDigits: 1 });

/** Subjects by kind: a bar each, the largest first. */
export function subjectsByKind({ subjects }) {
  const rows = subjects.byKind
    .map(({ kind, count }) => ({ kind, label: KINDS[kind] ?? kind, size: count.organizations + (count.persons ?? 0), count }))
    .sort((a, b) => b.size - a.size);
  const scale = bars(rows.map(({ size }) => size));
  const body = rows.map(({ kind, label, size, count }, at) => {
    const y = at * ROW;
    const colour = kind === 'NATURAL_PERSON' ? COLOURS.persons : COLOURS.organizations;
    return rowLabel(label, y) + bar(LABEL, y, scale(size), colour) + text(LABEL + scale(size) + 6, y + 19, countText(count));
  });
  return svg('信用主体：按类型', rows.length * ROW, body);
}

/** Entries by the month of their first arrival, the last two years: organizations below, natural persons above. */
export function entriesByMonth({ entries }) {
  const counts = new Map(entries.byMonth.map(({ month, count }) => [month, count]));
  const months = everyMonth([...counts.keys()].sort()).slice(-MOST_MONTHS);
  const height = 220;
  const most = Math.max(1, ...[...counts.values()].map((count) => count.organizations + (count.persons ?? 0)));
  const step = WIDTH / Math.max(months.length, 6);
  const body = months.map((month, at) => {
    const { organizations = 0, persons = 0, suppressed = false, reduced = false } = counts.get(month) ?? {};
    const [low, high] = [(organizations / most) * (height - 40), ((persons ?? 0) / most) * (height - 40)];
    const x = at * step + step * 0.15;
    const top = height - low - high;
    return [
      rect(x, height - low, step * 0.7, low, COLOURS.organizations),
      rect(x, top, step * 0.7, high, COLOURS.persons),
      text(at * step + step / 2, top - 18, number.format(organizations), 'middle', COLOURS.organizations),
      text(at * step + step / 2, top - 4, personText({ persons, suppressed, reduced }), 'middle', COLOURS.persons),
      text(at * step + step / 2, height + 16, month, 'middle'),
    ].join('');
  });
  return svg('信用信息：按首次归集月份', height + 28, body, [
    ['组织', COLOURS.organizations],
    ['自然人', COLOURS.persons],
  ]);
}

/** Timeliness of the providers with most entries: the share on time, late and back-filled, of organizations and natural persons. */
export function timelinessByProvider({ timeliness }) {
  const providers = new Map();
  for (const { providerName, onTime, late, backfill } of timeliness) {
    const name = providerName ?? '未载明来源单位';
    const sum = providers.get(name) ?? { name, onTime: 0, late: 0, backfill: 0, hidden: false };
    for (const [part, count] of Object.entries({ onTime, late, backfill })) {
      sum[part] += count.organizations + (count.persons ?? 0);
      sum.hidden ||= count.suppressed || count.reduced;
    }
    providers.set(name, sum);
  }
  const total = (provider) => provider.onTime + provider.late + provider.backfill;
  const rows = [...providers.values()].sort((a, b) => total(b) - total(a)).slice(0, MOST_PROVIDERS);
  const body = rows.map((provider, at) => {
    const y = at * ROW;
    const width = bars([1])(1);
    let x = LABEL;
    const parts = [
      [provider.onTime, COLOURS.organizations],
      [provider.late, COLOURS.late],
      [provider.backfill, COLOURS.backfill],
    ].map(([size, colour]) => {
      const part = bar(x, y, total(provider) === 0 ? 0 : (size / total(provider)) * width, colour);
      x += total(provider) === 0 ? 0 : (size / total(provider)) * width;
      return part;
    });
    const judged = provider.onTime + provider.late;
    const share = judged === 0 ? '无可比' : percent.format(provider.onTime / judged);
    return (
      rowLabel(provider.name, y) +
      parts.join('') +
      text(LABEL + width + 6, y + 19, share + (provider.hidden ? '（另有 <5）' : ''))
    );
  });
  return svg('归集时效：按来源单位（及时率）', rows.length * ROW, body, [
    ['及时', COLOURS.organizations],
    ['迟报', COLOURS.late],
    ['补录', COLOURS.backfill],
  ]);
}

/** Organizations and natural persons are told apart by the gateway; a kind has the one or the other. */
export function countText(count) {
  const persons = personText(count);
  if (persons === '') return number.format(count.organizations);
  return count.organizations === 0 ? persons : `${number.format(count.organizations)} ＋ ${persons}`;
}

function personText({ persons, suppressed, reduced }) {
  if (suppressed) return '<5';
  if (persons === 0 && !reduced) return '';
  return number.format(persons) + (reduced ? '+' : '');
}

/** A month in which nothing arrived has no group: it is drawn all the same. */
function everyMonth(months) {
  const [first] = months;
  const last = months.at(-1);
  const all = [];
  for (let month = first; month !== undefined && month <= last; month = monthAfter(month)) all.push(month);
  return all;
}

function monthAfter(month) {
  const [year, number] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}

function bars(sizes) {
  const most = Math.max(1, ...sizes);
  return (size) => (size / most) * (WIDTH - LABEL - 110);
}

const rowLabel = (label, y) =>
  text(LABEL - 8, y + 19, label.length > 10 ? `${label.slice(0, 9)}…` : label, 'end', '#2d3748', label);
const bar = (x, y, width, colour) => rect(x, y + 5, width, ROW - 10, colour);
const rect = (x, y, width, height, colour) =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${colour}"/>`;

function text(x, y, content, anchor = 'start', colour = '#2d3748', title = null) {
  const full = title === null || title === content ? '' : `<title>${escaped(title)}</title>`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${full}${escaped(content)}</text>`;
}

function svg(title, height, body, legend = []) {
  const keys = legend.map(([name, colour], at) => rect(at * 90, 8, 12, 12, colour) + text(at * 90 + 18, 19, name));
  const top = legend.length === 0 ? 0 : 30;
  const drawing = body.length === 0 ? text(0, 19, '暂无数据') : body.join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -4 ${WIDTH} ${Math.max(height, ROW) + top + 8}" role="img" aria-label="${escaped(title)}">` +
    `<title>${escaped(title)}</title><g font-size="13">${keys.join('')}<g transform="translate(0 ${top})">${drawing}</g></g></svg>`
  );
}

/** Names of providers come from files: whatever stands in them is text. */
function escaped(content) {
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
