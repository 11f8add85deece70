/** Builds dist/ before any test: the hub's workers and plugin processes are run from there. */
export { buildAll as setup } from '../../core/build.mjs';
