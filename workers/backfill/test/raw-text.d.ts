/** A file as text, imported by Vite. */
declare module "*.md?raw" {
  const text: string;
  export default text;
}
