import type { Pages } from "../interaction/pages.ts";
import { createPageStore, type PageStoreOptions } from "./page-store.ts";
import type { LoopbackServer } from "./serve-loopback.ts";

/** One-time pages, and what serves them. */
export interface PageSite extends Pages {
  /**
   * Answers a browser below `/interact/`. The address is what permits to answer; `user` is whom the request is proven to come
   * from, where it is: then the page has to be that user's.
   */
  fetch(request: Request, user?: string): Promise<Response>;
  /** Forgets all pages and stops listening, where this site has a server of its own. */
  close(): Promise<void>;
}

export interface PageSiteOptions extends PageStoreOptions {
  /**
   * Where browsers reach what hands its requests to `fetch`, such as `https://patchbay.example.com`; undefined where none can.
   * Default: a server of its own on 127.0.0.1, which starts with the first page.
   */
  baseUrl?: (() => string | undefined) | undefined;
}

/** A site without pages. Nothing listens, and nothing of how pages look is loaded, before it is needed. */
export function createPageSite({ baseUrl, ...options }: PageSiteOptions): PageSite {
  const store = createPageStore(options);
  let own: Promise<LoopbackServer | undefined> | undefined;

  async function ownUrl(): Promise<string | undefined> {
    own ??= import("./serve-loopback.ts").then(({ serveLoopback }) => serveLoopback((request) => site.fetch(request)));
    return (await own)?.url;
  }

  const site: PageSite = {
    async open(user, question) {
      const base = baseUrl ? baseUrl() : await ownUrl();
      if (base === undefined) return undefined;
      const page = store.add(user, question, base);
      const { origin, pathname } = new URL(base);
      const url = `${origin}${pathname.replace(/\/+$/, "")}/interact/${store.addressOf(page)}`;
      return { id: page.id, url, expiresAt: page.expiresAt };
    },
    look: store.look,
    wait: store.wait,
    release: store.release,
    async fetch(request, user) {
      const { answerBrowser } = await import("./answer-browser.ts");
      return answerBrowser(store, request, user);
    },
    async close() {
      store.close();
      await (await own)?.close();
    },
  };
  return site;
}
