import type { Recipe } from '../recipe.js'

export const recipes: readonly Recipe[] = []
