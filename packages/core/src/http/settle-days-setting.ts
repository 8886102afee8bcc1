import { z } from "zod";

const ERROR = "must be at most ten whole days from 1 to 366, ascending, such as 1,3,7";

/**
 * SETTLE_DAYS: ages of a day in days after its end. At the first it is settled at the latest, at each later one again.
 */
export const settleDaysSetting = z
  .union([z.string(), z.number()], { error: ERROR })
  .default("1,3,7")
  .transform((text) =>
    String(text)
      .split(",")
      .map((part) => (/^ *\d+ *$/.test(part) ? Number(part) : Number.NaN)),
  )
  .refine(
    (days) => days.length <= 10 && days.every((day, i) => day >= 1 && day <= 366 && (i === 0 || day > days[i - 1]!)),
    { error: ERROR },
  );
