import { describe, expect, it } from '@jest/globals';
import { divisionAt, divisionName, divisionPrefix } from '../../src/statistics/divisions.ts';

describe('divisions', () => {
  it.each([
    ['150102', '150100', '150100'],
    ['152501', '152501', '152500'],
    ['150781', '150781', '150700'],
    ['152502', '152500', '152500'],
    ['150000', '150000', '150000'],
    ['310115', '310100', '310100'],
    ['', '', ''],
  ])('%s reports in %s and lies in %s', (code, region, prefecture) => {
    expect([divisionAt('REPORTING_REGION', code), divisionAt('PREFECTURE', code), divisionAt('COUNTY', code)]).toEqual([
      region,
      prefecture,
      code,
    ]);
  });

  it('have 14 reporting regions beside the region’s own level', () => {
    const codes = Array.from({ length: 10_000 }, (_, n) => `15${String(n).padStart(4, '0')}`).filter(
      (code) => divisionName(code) !== null,
    );
    expect(codes).toHaveLength(1 + 12 + 103 + 5);
    const regions = new Set(codes.map((code) => divisionAt('REPORTING_REGION', code)));
    expect([...regions].filter((code) => code !== '150000').map(divisionName)).toEqual([
      '呼和浩特市',
      '包头市',
      '乌海市',
      '赤峰市',
      '通辽市',
      '鄂尔多斯市',
      '呼伦贝尔市',
      '满洲里市',
      '巴彦淖尔市',
      '乌兰察布市',
      '兴安盟',
      '锡林郭勒盟',
      '二连浩特市',
      '阿拉善盟',
    ]);
  });

  it.each([
    ['15', '15'],
    ['1501', '1501'],
    ['150100', '1501'],
    ['150000', '15'],
    ['150102', '150102'],
    ['153000', '150781'],
    ['159900', '15'],
    ['1', null],
    ['15010x', null],
    ['1501020', null],
  ])('%s covers what begins with %s', (code, prefix) => {
    expect(divisionPrefix(code)).toBe(prefix);
  });
});
