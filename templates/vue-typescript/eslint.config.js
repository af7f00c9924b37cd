import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import { globalIgnores } from 'eslint/config'
import pluginVue from 'eslint-plugin-vue'

export default defineConfigWithVueTs(
  globalIgnores(['dist', 'coverage']),
  { files: ['**/*.{ts,vue}'] },
  pluginVue.configs['flat/essential'],
  vueTsConfigs.recommended,
)
