export { wilcoProgram } from './program.ts';
