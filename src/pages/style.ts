/** How pages look: light and dark, from 320 pixels on, and in the colours that the user forces. All contrasts are AA. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f3f4f7; --card: #ffffff; --text: #1a1d24; --muted: #545c6b; --line: #d9dde5; --edge: #7d8696;
  --accent: #1d5bd6; --accent-hover: #174bb3; --on-accent: #ffffff; --tint: #eef3fd; --wrong: #b3261e; --wrong-tint: #fdf0ef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1216; --card: #191d24; --text: #e9ecf1; --muted: #a8b0bf; --line: #303743; --edge: #7c8697;
    --accent: #8db4ff; --accent-hover: #b3ccff; --on-accent: #0d1a33; --tint: #1d2738; --wrong: #ff9d94; --wrong-tint: #33201f;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, sans-serif; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--text); }
header, main { max-width: 38rem; margin: 0 auto; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 0 .5rem; padding: 0 .25rem .75rem; }
header .host { color: var(--muted); font-size: .875rem; }
.mark { display: flex; color: var(--accent); }
main { padding: 1.75rem 2rem 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 8px 24px rgb(0 0 0 / .06); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; font-weight: 650; text-wrap: balance; white-space: pre-line; }
h2 { margin: 0 0 .25rem; font-size: 1rem; }
p { margin: 0 0 .75rem; }
.note { margin-bottom: 1.5rem; padding: .75rem 1rem; border-inline-start: 4px solid var(--accent); border-radius: .375rem; background: var(--tint); font-size: .875rem; }
.note p:last-child { margin: 0; }
.note .host { font-weight: 600; }
.message { margin-bottom: 1.5rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; white-space: pre-wrap; }
.field { min-width: 0; margin: 0 0 1.375rem; padding: 0; border: 0; }
label, legend { padding: 0; }
fieldset.field { display: flow-root; }
legend { float: left; width: 100%; }
legend ~ * { clear: both; }
.field > label, legend { display: block; margin-bottom: .25rem; font-weight: 600; }
.required { color: var(--muted); font-weight: 400; font-size: .875rem; }
.hint { margin: 0 0 .375rem; color: var(--muted); font-size: .875rem; white-space: pre-line; }
.goes { margin: 0 0 .375rem; padding-inline-start: .625rem; border-inline-start: 3px solid var(--accent); font-size: .875rem; }
.error { margin: 0 0 .375rem; color: var(--wrong); font-weight: 600; font-size: .9375rem; }
.control { display: flex; gap: .5rem; }
input, select, textarea, button { font: inherit; color: inherit; }
input:not([type=radio], [type=checkbox]), select, textarea { flex: 1; min-width: 0; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); }
textarea { resize: vertical; line-height: 1.5; }
::placeholder { color: var(--muted); opacity: 1; }
.wrong :is(input:not([type=radio], [type=checkbox]), select, textarea) { border: 2px solid var(--wrong); }
fieldset.wrong { padding-inline-start: .75rem; border-inline-start: 3px solid var(--wrong); }
.choice { display: flex; align-items: flex-start; gap: .625rem; padding: .375rem 0; }
.choice input { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; accent-color: var(--accent); }
.choice label { flex: 1; min-width: 0; }
.errors { margin-bottom: 1.5rem; padding: .875rem 1rem; border: 2px solid var(--wrong); border-radius: .5rem; background: var(--wrong-tint); }
.errors ul { margin: 0; padding-inline-start: 1.25rem; }
.errors a { color: var(--wrong); font-weight: 600; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem; }
button { min-height: 2.75rem; padding: .5rem 1.25rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); font-weight: 600; cursor: pointer; overflow-wrap: anywhere; }
button:hover { background: var(--tint); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button.primary:hover { border-color: var(--accent-hover); background: var(--accent-hover); }
button.reveal { padding: .5rem .875rem; font-weight: 400; }
:is(input, select, textarea, button, a):focus-visible, .errors:focus, :is([type=date], [type=datetime-local]):focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.done { display: flex; margin-bottom: .75rem; color: var(--accent); }
.time { margin: 1.25rem 0 0; color: var(--muted); font-size: .875rem; }
main > p:last-child { margin-bottom: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 30rem) {
  body { padding: 1rem .5rem 2rem; }
  main { padding: 1.25rem 1rem; }
  .buttons button { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: no-preference) {
  button { transition: background-color .12s, border-color .12s; }
}
@media (forced-colors: active) {
  main, .note { border: 1px solid CanvasText; }
  button, button.primary { border: 1px solid ButtonText; background: ButtonFace; color: ButtonText; }
  button.primary { border-width: 3px; }
  .mark { color: CanvasText; }
  .note { border-inline-start-width: 4px; }
}
`;
