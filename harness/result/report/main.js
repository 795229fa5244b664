// The page of a result, from the verdict down to the details.
verdictSection();
runSection();
limitsSection();
kernelsSection();
precisionSections();
pipelineSections();
pairingSections();
regimeSection();
machineSection();
figuresSection();
