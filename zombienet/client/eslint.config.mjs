// What the interpreter would say only once it gets there: names that nobody defines, values that nobody reads.
import js from "@eslint/js";
import globals from "globals";

export default [{ ...js.configs.recommended, languageOptions: { globals: globals.node } }];
