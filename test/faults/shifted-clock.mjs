/** Loaded before a gateway (NODE_OPTIONS=--import): its clock jumps by CLOCK_JUMP_MS at each SIGUSR2. The database's clock stays. */
const Real = Date;
const jump = Number(process.env.CLOCK_JUMP_MS);
let offset = 0;

globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + offset);
    else super(...given);
  }

  static now() {
    return Real.now() + offset;
  }
};

process.on('SIGUSR2', () => {
  offset += jump;
  process.stderr.write(`The clock is ${String(offset)} ms off.\n`);
});
