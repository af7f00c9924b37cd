/** How a shipped template is tried out: what a newcomer would run in a fresh project, by its README. */
export interface Recipe {
  readonly template: string
  /** Debian packages that it needs, by the names that dpkg knows. */
  readonly packages: readonly string[]
  /** The least Node it runs on, where that is more than this project's own. */
  readonly node?: 24
  /** Argument arrays run in order in the new project; each must exit with 0. `{tools}`: where ruff.js stands. */
  readonly steps: readonly (readonly string[])[]
  /** Opened in headless Chromium after the steps. */
  readonly page?: Serving
  /** Asked for by a plain GET after the steps. */
  readonly answer?: Serving
  /** What the steps may leave for git to see beside lock files: paths as `git status` prints them. */
  readonly leaves?: readonly string[]
  /** Whether CI tries it: few, which cover all toolchains. */
  readonly ci: boolean
}

/** A server of the project, and what must come from it. */
export interface Serving {
  /** `{port}` in an argument becomes the port; the variable PORT holds it too. */
  readonly serve: readonly string[]
  /** Begins with a slash. */
  readonly path: string
  /** A text that the page shows, or that is part of the answer. */
  readonly shows: string
}

/** The first step of what is installed from npm. */
export const npmInstall: readonly string[] = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund']
