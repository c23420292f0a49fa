import { createRequire } from "node:module";
import { COUNTRIES } from "./pipeline-orders.ts";

/** The steps of the bench as SQL for DuckDB: `node pipeline-duckdb.ts <folder of the package> <input> <output>`. */

interface DuckDb {
  DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<{ run(sql: string): Promise<{ rowsChanged: number }> }> }>;
  };
}

const [folder = "", input = "", output = ""] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${folder}/`)("@duckdb/node-api") as DuckDb;
const connection = await (await DuckDBInstance.create(":memory:")).connect();
const list = COUNTRIES.map((country) => `'${country}'`).join(", ");
await connection.run(`
  COPY (
    WITH cleaned AS (
      SELECT try_cast(trim(order_id) AS BIGINT) AS order_id, trim(ordered_at) AS ordered_at, trim(customer) AS customer,
        lower(trim(email)) AS email, upper(trim(country)) AS country, trim(product) AS product,
        try_cast(trim(quantity) AS BIGINT) AS quantity, try_cast(trim(price) AS DOUBLE) AS price, trim(status) AS status
      FROM read_csv('${input}', header = true, all_varchar = true)
    )
    SELECT *, round(quantity * price, 2) AS total FROM cleaned
    WHERE status <> 'cancelled' AND order_id >= 1 AND regexp_full_match(ordered_at, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
      AND customer <> '' AND regexp_full_match(email, '[^@ ]+@[^@ ]+[.][^@ ]+') AND country IN (${list})
      AND quantity BETWEEN 1 AND 1000 AND price >= 0
  ) TO '${output}' (HEADER)`);
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, wallMs: performance.now() }));
process.exit(0);
