import { z } from "zod";

/** A text that is redacted wherever it is shown. */
export const secret = (description: string, text = z.string()) =>
  text.meta({
    description: `${description} Write \`\${NAME}\` to read an environment variable or \`file:PATH\` to read a file.`,
    secret: true,
  });
/** A time in seconds, a day at most. */
export const seconds = (description: string) => z.number().positive().max(86_400).describe(description);

/** A URL that is told how to be written where its scheme is missing. */
export const httpUrl = () =>
  z.url({
    protocol: /^https?$/,
    error: ({ input }) => {
      const text = String(input);
      // A host is known by its dot, port or path; one word is anything.
      const isHost = /^[\w[][^\s]*[.:/]/.test(text) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text);
      const instead =
        isHost && URL.canParse(`http://${text}`)
          ? `: write http://${text} or https://…`
          : ", such as https://api.example.com";
      return `must be an http or https URL${instead}`;
    },
  });

/** Where the API of Open-WebUI begins: the URL of the models that it offers, which ends with `/api`, is taken too. */
export const openWebUiUrl = () =>
  httpUrl().overwrite((url) =>
    url
      .replace(/[?#].*$/, "")
      .replace(/\/+$/, "")
      .replace(/\/api$/, ""),
  );
