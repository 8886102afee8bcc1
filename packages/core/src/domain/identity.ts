import { z } from "zod";

/** Who made a request, as the access check proved it. */
export const identitySchema = z.strictObject({
  /** `token`: a bearer token; `access`: Cloudflare Access */
  kind: z.enum(["token", "access"]),
  /** the token's name, never the token; of Access the e-mail address or the service token's name */
  name: z.string(),
});
export type Identity = z.infer<typeof identitySchema>;
