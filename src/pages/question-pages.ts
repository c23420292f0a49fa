import { html } from "hono/html";
import type { ErrorIssue } from "../errors.ts";
import type { ConfirmationText } from "../interaction/confirmation.ts";
import { type Form, hasSecrets } from "../interaction/form.ts";
import { shownWords } from "../interaction/shown-words.ts";
import { fieldHtml, targetOfField } from "./field-html.ts";
import { type Html, respond } from "./layout.ts";
import { NAMES } from "./read-answers.ts";

/** What a page with a question is made of. */
export interface QuestionContext {
  /** The host by which the user reaches this server. */
  host: string;
  /** Hidden in the form; without it no answer is taken. */
  token: string;
  /** Milliseconds that are left to answer. */
  leftMs: number;
}

/** What came back and has to be corrected. */
export interface WrongAnswers {
  answers: Record<string, unknown>;
  issues: readonly ErrorIssue[];
}

/** The page of a form; with what was wrong and what was answered, where it has been sent before. Secrets are not filled in again. */
export function formPage(form: Form, context: QuestionContext, wrong?: WrongAnswers): Promise<Response> {
  const fields = form.fields.map((field, index) => ({
    field,
    index,
    value: field.type === "password" ? undefined : wrong ? wrong.answers[field.name] : field.default,
    error: wrong?.issues.find(({ path }) => path === field.name)?.message,
  }));
  const main = html`<h1 dir="auto">${shownWords(form.title)}</h1>
${noteHtml(context, hasSecrets(form))}
${wrong && errorsHtml(form, wrong.issues)}
<form method="post" autocomplete="off">
${tokenHtml(context)}
${fields.map((field) => html`${fieldHtml(field)}\n`)}
<div class="buttons">
<button type="submit" class="primary"><bdi>${shownWords(form.submitLabel)}</bdi></button>
<button type="submit" name="${NAMES.cancel}" value="yes" formnovalidate>Cancel</button>
</div>
</form>
${timeHtml(context)}`;
  const title = `${wrong ? "Error: " : ""}${form.title}`;
  return respond({ status: wrong ? 422 : 200, title, host: context.host, main, hasForm: true });
}

/** The page of a question of yes or no. Neither is chosen beforehand. */
export function confirmationPage(text: ConfirmationText, context: QuestionContext): Promise<Response> {
  const main = html`<h1 dir="auto">${shownWords(text.title)}</h1>
${noteHtml(context, false)}
<div class="message" dir="auto">${shownWords(text.message)}</div>
<form method="post" autocomplete="off">
${tokenHtml(context)}
<div class="buttons">
<button type="submit" name="${NAMES.answer}" value="yes">${labelHtml("Yes", "Confirm", text.confirmLabel)}</button>
<button type="submit" name="${NAMES.answer}" value="no">${labelHtml("No", "Cancel", text.cancelLabel)}</button>
</div>
</form>
${timeHtml(context)}`;
  return respond({ status: 200, title: text.title, host: context.host, main, hasForm: true });
}

/** A label of the model's own goes with what the button means, which the label might hide. */
const labelHtml = (meaning: string, usual: string, label: string): Html =>
  html`${label !== meaning && label !== usual && `${meaning}: `}<bdi>${shownWords(label)}</bdi>`;

const tokenHtml = ({ token }: QuestionContext): Html =>
  html`<input type="hidden" name="${NAMES.token}" value="${token}">`;

function noteHtml({ host }: QuestionContext, asksSecrets: boolean): Html {
  return html`<div class="note">
<p><strong>An AI model wrote this question</strong> for a tool that you use. Answer only if you expect it. Your answer goes to that model, through Patchbay on <span class="host">${host}</span>.</p>
${asksSecrets && html`<p><strong>Passwords and other secrets do not go to the model</strong>, which gets a placeholder. This server keeps them in memory for up to a day and puts them into calls of APIs that the model asks for.</p>`}
</div>`;
}

function errorsHtml(form: Form, issues: readonly ErrorIssue[]): Html {
  const items = issues.map(({ path, message }) => {
    const index = form.fields.findIndex(({ name }) => name === path);
    const field = form.fields[index];
    return field
      ? html`<li><a href="#${targetOfField(field, index)}">${shownWords(message)}</a></li>\n`
      : html`<li>${shownWords(message)}</li>\n`;
  });
  return html`<div class="errors" role="alert" aria-labelledby="errors-title" tabindex="-1" autofocus>
<h2 id="errors-title">Please correct ${issues.length === 1 ? "one answer" : `${issues.length} answers`}</h2>
<ul>
${items}</ul>
</div>`;
}

function timeHtml({ leftMs }: QuestionContext): Html {
  const minutes = Math.floor((leftMs + 10_000) / 60_000);
  const time = minutes < 1 ? "less than a minute" : minutes === 1 ? "1 minute" : `${minutes} minutes`;
  return html`<p class="time">This page can be answered once, within the next ${time}.</p>`;
}
