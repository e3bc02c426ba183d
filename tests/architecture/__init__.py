"""The picture of the architecture, drawn from the import contract and from what each room says it is for."""
