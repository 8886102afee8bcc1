import { z } from "zod";

/** The authenticated sender of a request. */
export const identitySchema = z.strictObject({
  /** `token`: a bearer token; `access`: Cloudflare Access */
  kind: z.enum(["token", "access"]),
  /** the name of the token, never its value; for Access the e-mail address or the service token's name */
  name: z.string(),
});
export type Identity = z.infer<typeof identitySchema>;
