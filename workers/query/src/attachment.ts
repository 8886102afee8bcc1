/**
 * A `content-disposition` that saves an answer under a name: once in ASCII, once in UTF-8 (RFC 6266). A file name
 * cannot hold slashes; they become `_`.
 */
export function attachment(fileName: string): string {
  const name = fileName.toWellFormed().replace(/[/\\]/g, "_");
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${name.replace(/[^\w.+-]/g, "_")}"; filename*=UTF-8''${escaped}`;
}
