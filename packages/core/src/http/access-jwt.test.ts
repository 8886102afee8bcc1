import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { Hono } from "hono";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { accessApplication, accessSettings, accessVerifier } from "./access-jwt.ts";
import { onError } from "./problem-response.ts";
import { requireAccess } from "./require-access.ts";

const TEAM = "example.cloudflareaccess.com";
const ISSUER = `https://${TEAM}`;
const AUDIENCE = "the-audience-tag";
const APPLICATION = { teamDomain: TEAM, audience: AUDIENCE };

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;
let right: KeyPair;
let other: KeyPair;
let served: unknown;

beforeAll(async () => {
  [right, other] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
  served = { keys: [{ ...(await exportJWK(right.publicKey)), kid: "right", alg: "RS256", use: "sig" }] };
});

/** The team's keys, and how often they were asked for. */
function keyServer(answer: () => Response | Promise<Response> = () => Response.json(served)) {
  const asked: string[] = [];
  const fetchKeys: typeof fetch = async (input) => {
    asked.push(new Request(input).url);
    return answer();
  };
  return { asked, fetchKeys };
}

interface Claims {
  readonly claims?: Record<string, unknown>;
  readonly issuer?: string;
  readonly audience?: string;
  /** seconds from now */
  readonly expires?: number | null;
  readonly kid?: string;
  readonly key?: CryptoKey | Uint8Array;
  readonly alg?: string;
}

const PERSON = { email: "someone@example.com", sub: "7335" };

async function assertion(given: Claims = {}) {
  const { claims = PERSON, issuer, audience, expires = 60, kid = "right", key, alg = "RS256" } = given;
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg, kid })
    .setIssuer(issuer ?? ISSUER)
    .setAudience(audience ?? AUDIENCE);
  const now = Math.floor(Date.now() / 1000);
  return (expires === null ? jwt : jwt.setExpirationTime(now + expires)).sign(key ?? right.privateKey);
}

test("a good assertion is let in; the keys are fetched once, from the team", async () => {
  const { asked, fetchKeys } = keyServer();
  const verify = accessVerifier(APPLICATION, fetchKeys);
  expect(await verify(await assertion())).toBe(PERSON.email);
  expect(await verify(await assertion({ expires: 5 }))).toBe(PERSON.email);
  // within what clocks may differ
  expect(await verify(await assertion({ expires: -10 }))).toBe(PERSON.email);
  expect(asked).toEqual([`${ISSUER}/cdn-cgi/access/certs`]);
});

test.each([
  ["a person's e-mail address", PERSON, PERSON.email],
  ["a service token's name", { common_name: "grafana.access", sub: "" }, "grafana.access"],
  ["the subject where neither is text", { email: 7, common_name: "", sub: "7335" }, "7335"],
  ["unnamed without any", {}, "unnamed"],
])("an assertion's identity is %s", async (_, claims, name) => {
  expect(await accessVerifier(APPLICATION, keyServer().fetchKeys)(await assertion({ claims }))).toBe(name);
});

test.each<[string, () => Promise<string>]>([
  ["expired", () => assertion({ expires: -120 })],
  ["without an end", () => assertion({ expires: null })],
  ["of another audience", () => assertion({ audience: "another" })],
  ["of another issuer", () => assertion({ issuer: "https://evil.cloudflareaccess.com" })],
  ["signed by another key of the same name", () => assertion({ key: other.privateKey })],
  ["of an unknown key", () => assertion({ kid: "unknown", key: other.privateKey })],
  [
    "signed with HS256 by the public key",
    async () => assertion({ alg: "HS256", key: new TextEncoder().encode(JSON.stringify(served)) }),
  ],
  [
    "of the algorithm none",
    async () => new UnsecuredJWT({}).setIssuer(ISSUER).setAudience(AUDIENCE).setExpirationTime("1h").encode(),
  ],
  ["with changed claims", async () => tampered(await assertion({ expires: -120 }))],
  ["empty", async () => ""],
  ["nonsense", async () => "a.b.c"],
])("one that is %s is refused", async (_, make) => {
  expect(await accessVerifier(APPLICATION, keyServer().fetchKeys)(await make())).toBeNull();
});

/** The same signature below an end that is yet to come. */
function tampered(jwt: string): string {
  const [head, , signature] = jwt.split(".");
  const claims = { iss: ISSUER, aud: AUDIENCE, exp: Math.floor(Date.now() / 1000) + 60 };
  return [head, btoa(JSON.stringify(claims)).replaceAll("=", ""), signature].join(".");
}

describe("keys that cannot be had", () => {
  afterEach(() => vi.restoreAllMocks());

  test.each<[string, () => Response | Promise<Response>]>([
    ["503", () => new Response("down", { status: 503 })],
    ["no JSON", () => new Response("<html>")],
    ["no keys", () => Response.json({})],
    ["no answer", () => Promise.reject(new TypeError("connection lost"))],
  ])("%s: a problem, nobody is let in", async (_, answer) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const verify = accessVerifier(APPLICATION, keyServer(answer).fetchKeys);
    await expect(verify(await assertion())).rejects.toMatchObject({ code: "access_unavailable", status: 503 });
  });
});

describe("the middleware", () => {
  interface Env {
    readonly token: string | undefined;
  }
  const app = new Hono<{ Bindings: Env }>();
  app.onError(onError);
  app.use(
    requireAccess<Env>((env) => ({ token: env.token, application: APPLICATION, limiter: undefined }), "QUERY_TOKEN"),
  );
  app.get("/", (context) => context.text("in"));
  const ask = async (headers: Record<string, string>, token?: string) => {
    const response = await app.request("/", { headers }, { token });
    return response.status;
  };

  test("the token or a valid assertion suffices; an unset token never matches", async () => {
    vi.stubGlobal("fetch", keyServer().fetchKeys);
    const good = { "cf-access-jwt-assertion": await assertion() };
    const bad = { "cf-access-jwt-assertion": await assertion({ audience: "another" }) };
    const token = { authorization: "Bearer right" };
    expect(await ask(good, "right")).toBe(200);
    expect(await ask(good)).toBe(200);
    expect(await ask(token, "right")).toBe(200);
    expect(await ask({ ...token, ...bad }, "right")).toBe(200);
    expect(await ask(bad, "right")).toBe(401);
    expect(await ask(bad)).toBe(401);
    expect(await ask(token)).toBe(401);
    expect(await ask({})).toBe(401);
    vi.unstubAllGlobals();
  });
});

describe("the settings", () => {
  const schema = z.object(accessSettings);
  test.each<[Record<string, string>, unknown]>([
    [{}, null],
    [{ ACCESS_TEAM_DOMAIN: "", ACCESS_AUD: "" }, null],
    [
      { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: "tag" },
      { teamDomain: TEAM, audience: "tag" },
    ],
    [
      { ACCESS_TEAM_DOMAIN: `https://${TEAM}/`, ACCESS_AUD: "tag" },
      { teamDomain: TEAM, audience: "tag" },
    ],
  ])("%j", (settings, application) => {
    expect(accessApplication(schema.parse(settings))).toEqual(application);
  });

  test("half of them, or no host, is an error", () => {
    for (const half of [{ ACCESS_TEAM_DOMAIN: TEAM }, { ACCESS_AUD: "tag", ACCESS_TEAM_DOMAIN: "" }]) {
      expect(() => accessApplication(schema.parse(half))).toThrow(/need each other/);
    }
    for (const domain of ["example", "a/b.com", "http://a.com", "a.com:80/x", "user@a.com"]) {
      expect(schema.safeParse({ ACCESS_TEAM_DOMAIN: domain }).success).toBe(false);
    }
  });
});
