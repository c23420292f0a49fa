import { z } from "zod";

/** A text that is redacted wherever it is shown. */
export const secret = (description: string, text = z.string()) =>
  text.meta({
    description: `${description} Write \`\${NAME}\` to read an environment variable or \`file:PATH\` to read a file.`,
    secret: true,
  });
/** A time in seconds, a day at most. */
export const seconds = (description: string) => z.number().positive().max(86_400).describe(description);
