/** 复姓 in use, after the lists of 百家姓 and of the household register; traditional forms of the common ones. */
export const COMPOUND_SURNAMES: ReadonlySet<string> = new Set(
  [
    '欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 南宫 南宮 万俟 闻人 夏侯 诸葛 諸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠',
    '公孙 公孫 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐',
    '段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长',
    '子书 子桑 即墨 达奚 褚师 完颜 纳兰 淳于 单于 归海 屈突',
  ].flatMap((line) => line.split(' ')),
);
