/** The folder below STATE_DIR with D1, R2 and KV. wrangler uses the same: `--persist-to STATE_DIR`. */
export const STORAGE_FOLDER = "v3";
