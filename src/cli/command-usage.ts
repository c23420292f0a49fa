const MIXTURE = `  --models A,B,C     models that agents are drawn from (moa.models)
  --aggregator M     model that writes the final answer (moa.aggregatorModel)
  --layers N         layers of agents (moa.numLayers)
  --agents N         agents in each layer (moa.agentsPerLayer)
  --seed N           the same seed draws the same agents`;

/** What the help of single commands shows. */
export const COMMAND_USAGE: Record<string, string> = {
  ask: `patchbay-mcp ask "QUESTION"       the answer of a mixture of agents
patchbay-mcp ask "Summarise:" -   with the input in the place of -
… | patchbay-mcp ask              the question from the input

The answer goes to the output and everything else to stderr, so that the answer can be piped.

${MIXTURE}
  --strategy S       auto, mixed (different models) or self (the best one several times)
  --analysis         also what the proposals agree on, contradict each other in and do not consider, on stderr
  --trace            also every call with its answer, on stderr
  --picture FILE     saves the timeline of the run: .svg; .md or .mmd as Mermaid
  --json             the whole result as JSON on the output
  --quiet            no progress and no summary
`,
  eval: `patchbay-mcp eval moa --questions FILE    whether a mixture is worth its price on your own questions

FILE has one JSON object a line: {"question": "What is 6 × 7?", "answer": "42", "id": "seven"}. Where "answer" is left out, a judge
compares the answers with those of the best single model, in both orders. Before it starts it says what it may cost, and asks.

  --contestants LIST of single (each of the models alone), self and mixed; default all three
${MIXTURE}
  --judge MODEL      model that compares answers; default the aggregator
  --baseline NAME    contestant that the others are compared with: a model, self or mixed; default the best single model
  --limit N          only the first N questions
  --concurrency N    answers at once, default 2; with 1, times are without waiting for each other
  --out FILE         keeps every answer and judgement; a rerun with the same FILE goes on where it ended
  --max-cost USD     leaves out what could exceed that; needs prices (providers.NAME.prices)
  --yes              does not ask
  --json             the report as JSON
`,
  usage: `patchbay-mcp usage               tokens, requests and cost by day (UTC), user and model, and what is left of today's budgets
  --days N           the last N days, 1 to 400; default 30
  --user NAME        only this user
  --json             as JSON
`,
  keys: `patchbay-mcp keys add --user NAME   makes a key of a user, and shows it this one time
patchbay-mcp keys add --service     makes a key of a service, such as Open-WebUI or a proxy, that names its users itself
patchbay-mcp keys list              the keys, without what is secret of them
patchbay-mcp keys revoke ID         takes a key away

A running server takes keys in and out by itself, within a second.

  --name TEXT        what the key is for, such as laptop
  --expires TIME     when it ends: 12h, 90d, or a date such as 2027-01-31; default never
  --scopes A,B       all that it allows of the scopes in auth.toolScopes; default everything
  --json             as JSON
`,
  doctor: `patchbay-mcp doctor              checks configuration, database, providers and APIs, and asks each configured model for a word
  --no-probe         asks no model for a word, and no API for a token
`,
};
