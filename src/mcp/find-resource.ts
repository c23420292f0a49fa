import type { AnyResource } from "../resources/define-resource.ts";

/** The resource that a URI names, and which of its kind; undefined where there is none. */
export function findResource(
  resources: readonly AnyResource[],
  uri: string,
): { resource: AnyResource; id: string } | undefined {
  for (const resource of resources) {
    const id = resource.match(uri);
    if (id !== undefined) return { resource, id };
  }
  return undefined;
}

/** Whether it stands in the list itself; a template does not. */
export function isSingle({ uri }: AnyResource): boolean {
  return !uri.includes("{");
}
