/** Draws the three plots, and draws them again every minute. What is on the screen says of when it is. */
import { entriesByMonth, subjectsByKind, timelinessByProvider } from './plots.js';

const PLOTS = {
  'subjects-by-kind': subjectsByKind,
  'entries-by-month': entriesByMonth,
  'timeliness-by-provider': timelinessByProvider,
};
const EVERY_MS = 60_000;

async function draw() {
  const state = document.getElementById('state');
  try {
    const response = await fetch('figures.json');
    const { statistics, asOf, message } = await response.json();
    if (!response.ok) throw new Error(message);
    for (const [id, plot] of Object.entries(PLOTS)) document.getElementById(id).innerHTML = plot(statistics);
    state.textContent = `数据时间：${new Date(asOf).toLocaleString('zh-CN')}`;
    state.dataset.mood = 'good';
  } catch (error) {
    // The old plots stay, with their time.
    state.textContent = `${state.textContent.split('；')[0]}；暂时无法更新：${error.message}`;
    state.dataset.mood = 'bad';
  }
}

await draw();
setInterval(draw, EVERY_MS);
