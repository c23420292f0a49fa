/** What `memory --help` shows. */
export const MEMORY_USAGE = `Of one user (--user NAME; the configured one where none is named):
  patchbay-mcp memory stats             how many memories there are, by tag, source and kind
  patchbay-mcp memory list              the newest memories
  patchbay-mcp memory search WORDS      what a search finds, best first, with scores and reasons
  patchbay-mcp memory export [FILE]     the memories, to FILE or the output
  patchbay-mcp memory import FILE       adds the memories of a file; - reads the input
  patchbay-mcp memory forget [ID]       what would be deleted; with --yes deletes it for good

Of all users:
  patchbay-mcp memory users             the users and how many memories each has
  patchbay-mcp memory backup FILE       copies the whole database, while servers go on; into FILE, or a folder
  patchbay-mcp memory restore FILE      checks a backup; with --yes puts it in the place of all memories, while servers go on
  patchbay-mcp memory verify [FILE]     checks the whole database, or a backup; exit code 1 with what is wrong
  patchbay-mcp memory migrate --to URL  copies everything to another database, and compares; stop the servers first

  --format FORMAT        export, import: ndjson (default), markdown, json, open-webui, mem0, server-memory;
                         import recognises the format by itself
  --dry-run              import, restore: only says what would happen
  --yes                  forget, restore: does what is only counted without it
  --partial              import: what is right, where something is wrong; otherwise nothing is imported then
  --verbose              import: what became of each memory
  --tag, --source, --speaker, --kind, --after TIME, --before TIME
                         list, search, forget: only memories that satisfy all of these
  --all                  forget: everything of the user
  --limit N, --offset N  list, search: at most N, default 10, after the first N
  --sort ORDER           list: newest (default), oldest, updated, occurred, importance
  --json                 stats, list, search: as JSON
  --to DATABASE          migrate: postgres://USER:PASSWORD@HOST/DATABASE, '\${DATABASE_URL}' or sqlite
  --keep-days N          backup into a folder: removes the backups there that are older than N days
`;
