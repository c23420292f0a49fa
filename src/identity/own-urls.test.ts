import { describe, expect, it } from "vitest";
import { createOwnUrls } from "./own-urls.ts";

const by = (host: string) => new Headers({ host });

describe("the URLs of a server", () => {
  it("are the public one alone, where there is one, whatever a request says", () => {
    const urls = createOwnUrls("https://patchbay.example.com/base/", () => "http://127.0.0.1:8808");
    expect(urls.all()).toEqual(["https://patchbay.example.com/base"]);
    expect(urls.of(by("127.0.0.1:8808"))).toBe("https://patchbay.example.com/base");
  });

  it("are the names of loopback with its own port, and no other's", () => {
    const urls = createOwnUrls(undefined, () => "http://127.0.0.1:8808");
    expect(urls.all()).toEqual(["http://127.0.0.1:8808", "http://localhost:8808", "http://[::1]:8808"]);
    expect(urls.of(by("localhost:8808"))).toBe("http://localhost:8808");
    expect(urls.of(by("LOCALHOST:8808"))).toBe("http://localhost:8808");
    expect(urls.of(undefined)).toBe("http://127.0.0.1:8808");
    for (const host of [
      "localhost:3000",
      "localhost",
      "evil.example.com:8808",
      "a b",
      "localhost:8808@evil.example.com",
    ])
      expect(urls.of(by(host)), host).toBe("http://127.0.0.1:8808");
  });
});
